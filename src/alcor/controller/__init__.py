"""One controller process, put together: store, API, Data Plane Manager, fast path."""
