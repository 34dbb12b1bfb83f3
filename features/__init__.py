"""What we know of a user: events in, profile kept, features out; no broker, clock or JSON here."""
