"""The server: services, dispatch, the log, models and jobs."""
