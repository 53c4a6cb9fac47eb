"""The REST API, one file per noun: requests become calls, results become answers."""
