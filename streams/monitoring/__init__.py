"""The dashboards that Grafana shows, as few words each, and the JSON that follows from them."""
