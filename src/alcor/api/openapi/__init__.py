"""The OpenAPI document of everything the API serves, and a page to browse it: both derived from the routes."""
