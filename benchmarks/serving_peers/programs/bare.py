"""
A bare process with the model: `python bare.py ready` and `python bare.py loop SECONDS`.

'ready' loads it, calls it once, says so and waits to be ended; 'loop' calls it with the rows
of standard input, a JSON text, as often as it can and prints how often and how long each took.
"""

import json
import signal
import sys
import time

from scoring import load, numbers


def loop(seconds: float) -> None:
    predict, body = load(), sys.stdin.read()
    rows = json.loads(body)
    predict(rows)
    times: list[float] = []
    begun = now = time.perf_counter()
    while now < begun + seconds:
        numbers(predict(rows))
        times.append(time.perf_counter() - now)
        now = time.perf_counter()
    times.sort()
    middle, late = times[len(times) // 2] * 1000, times[len(times) * 99 // 100] * 1000
    rate = len(times) / (now - begun)
    print(json.dumps({"rate": rate, "count": len(times), "p50": middle, "p99": late}))


def main() -> None:
    if sys.argv[1] == "loop":
        loop(float(sys.argv[2]))
        return
    numbers(load()([[0.5] * 10]))
    print("ready", flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
