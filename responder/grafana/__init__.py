"""What Responder brings along for Grafana: dashboards, and alerts about itself."""
