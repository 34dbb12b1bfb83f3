"""The only room that knows Kafka, Faust, JSON, HTTP and clocks."""
