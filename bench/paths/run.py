#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Goodput of aksu against Linux over the paths of bench/paths/cells.py: `make bench-paths`.

    run.py FILE [--runs 9] [--quick] [--only WORDS] [--congestion cubic] [--parallel N]

Each run adds a line of JSON to FILE, and one that stands there is not done again: what was
interrupted goes on. bench/paths/table.py makes docs/paths.md of it. Runs of the two stacks
alternate over wires of the same seed; several paths are measured at once, and lines say how busy
the machine was. Needs the right to make network namespaces (root, or unshare -Ur).
"""
import argparse
import atexit
import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
import cells as paths  # noqa: E402  (not before the line above)

HERE = os.path.dirname(os.path.abspath(__file__))
WHOLE = ["-p", "--fork", "--kill-child", "--mount-proc"]


def namespaces():
    for how in ("-n", "-Urn"):
        words = ["unshare", how, *WHOLE]
        if subprocess.run([*words, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
            return words
    sys.exit("bench-paths: no network namespace may be made: run as root, or allow user namespaces")


class Worker(threading.Thread):
    """A world, and the runs that it does, one after the other."""

    def __init__(self, words, work, done):
        super().__init__(daemon=True)
        self.work, self.done = work, done
        self.world = subprocess.Popen(
            [*words, sys.executable, "-B", os.path.join(HERE, "world.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self):
        try:
            if self.world.stdout.readline().strip() != "ready":
                raise RuntimeError("a world of namespaces cannot be made here")
            while True:
                for order in self.work.get_nowait():
                    print(json.dumps(order), file=self.world.stdin, flush=True)
                    self.done.put(json.loads(self.world.stdout.readline()))
        except queue.Empty:
            pass
        except (RuntimeError, ValueError, OSError) as error:
            self.done.put({"fatal": repr(error)})
        self.world.stdin.close()
        self.world.wait(10)
        self.done.put(None)


def orders(cell, run):
    """Both stacks over the same losses; the one that begins changes from run to run."""
    lines = cell.lines if run % 2 == 0 else cell.lines[::-1]
    return [{"cell": cell.name, "run": run, "who": list(who), "seconds": cell.seconds,
             "wire": cell.wire(1000 * run + 7)} for who in lines]


def key(order):
    return order["cell"], order["run"], tuple(order["who"])


def read(file):
    try:
        with open(file, encoding="ascii") as lines:
            return [json.loads(line) for line in lines]
    except FileNotFoundError:
        return []


def plan(args):
    finished = {key(order) for order in read(args.file)}
    chosen = paths.quick_cells if args.quick else paths.all_cells
    work, total = queue.Queue(), 0
    # Run by run over all paths: an interruption leaves fewer runs of each, and none without. In an
    # order by chance: those that cost the machine most are not measured all at once.
    for run in range(args.runs):
        for cell in random.Random(run).sample(cells := chosen(args.congestion), len(cells)):
            todo = [o for o in orders(cell, run) if key(o) not in finished]
            if todo and args.only in cell.name:
                work.put(todo)
                total += sum(o["seconds"] + 2 for o in todo)
    return work, total


def tell(order, left):
    if "error" in order:
        print(f"{order['cell']} {order['who']}: {order['error']}", flush=True)
        return
    result = order["result"]
    rates = " ".join(f"{f['octets'] * 8 / f['seconds'] / 1e6:.1f}" for f in result["flows"])
    print(f"{order['cell']:48} run {order['run']} {'+'.join(order['who']):24} {rates:12} Mbit/s"
          f"  wire late {result['wire']['late_us']['p99']} us, idle {result['idle']:.2f},"
          f" {left} to do", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--runs", type=int, default=0, help="of each stack over each path")
    parser.add_argument("--quick", action="store_true", help="three runs of a few paths")
    parser.add_argument("--only", default="", help="paths whose names have these words")
    parser.add_argument("--congestion", default="cubic", help="in the place of cubic")
    parser.add_argument("--parallel", type=int, default=2 * (os.cpu_count() or 1))
    args = parser.parse_args()
    args.runs = args.runs or (3 if args.quick else 9)
    work, total = plan(args)
    words, done = namespaces(), queue.Queue()
    workers = [Worker(words, work, done) for _ in range(min(args.parallel, work.qsize()))]
    print(f"{work.qsize()} pairs of runs, {len(workers)} at once, some "
          f"{total / 60 / max(len(workers), 1):.0f} minutes", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # What is in a world ends with it, and it with its first process.
    atexit.register(lambda: [worker.world.kill() for worker in workers])
    for worker in workers:
        worker.start()
    alive, wrong = len(workers), 0
    with open(args.file, "a", encoding="ascii") as file:
        while alive:
            order = done.get()
            if order is None:
                alive -= 1
                continue
            if "fatal" in order:
                print(order["fatal"], flush=True)
                wrong += 1
                continue
            if "error" in order:
                wrong += 1
            else:
                print(json.dumps(order), file=file, flush=True)
            tell(order, work.qsize())
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
