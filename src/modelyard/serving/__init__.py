"""The front: HTTP, queue, workers and limits of one service revision; never runs user code."""
