"""OpenAPI documents of services; pure."""
