#!/usr/bin/env python3
"""What following costs: how late an event is told, and what it takes to watch logs in which nothing happens.

    tools/measure_follow.py [PROGRAM] [--polling] [--idle FILES]

PROGRAM is a release build (default: target/release/wd-diagnose). Linux only: memory, time and switches are read
from /proc. An event is whole when the next one begins, so its delay is counted from the write of the next event's
first line; events are written one at a time, with pauses, as a bot writes them.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

TOKEN = re.compile(rb"tok(\d{6})")
LINE = "2026-08-11 09:00:00,000 ERROR bot: ModuleNotFoundError: No module named 'tok{:06d}'\n"
TICKS = os.sysconf("SC_CLK_TCK")


class Follower:
    def __init__(self, program, polling, paths, folder):
        words = [program, "--follow", "--format", "jsonl", "--from", "start", *polling, *paths]
        self.child = subprocess.Popen(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.told = {}
        self.opened = 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            now = time.monotonic()
            if b'"event":"diagnosis"' in line:
                for token in set(TOKEN.findall(line)):
                    self.told.setdefault(int(token), []).append(now)
            elif json.loads(line).get("action") == "opened":
                self.opened += 1

    def wait(self, what, is_so, patience=60):
        end = time.monotonic() + patience
        while not is_so():
            if time.monotonic() > end or self.child.poll() is not None:
                sys.exit(f"in vain: {what}")
            time.sleep(0.005)

    def status(self, key):
        with open(f"/proc/{self.child.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(key))

    def spent(self):
        """Seconds on processors, and context switches of all threads."""
        with open(f"/proc/{self.child.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        switches = 0
        for task in os.listdir(f"/proc/{self.child.pid}/task"):
            with open(f"/proc/{self.child.pid}/task/{task}/status") as status:
                switches += sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)
        return (int(fields[11]) + int(fields[12])) / TICKS, switches

    def end(self):
        self.child.terminate()
        self.child.wait(10)


def delays(program, polling, files, events, pause):
    """Delays in milliseconds of events that are written to `files` logs in turn, sorted."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"bot-{n}.log" for n in range(files)]
        handles = [open(os.path.join(folder, path), "ab", buffering=0) for path in paths]
        follower = Follower(program, polling, paths, folder)
        follower.wait("logs are opened", lambda: follower.opened == files)
        next_began, last = {}, {}
        for number in range(events):
            at = number % files
            handles[at].write(LINE.format(number).encode())
            if at in last:
                next_began[last[at]] = time.monotonic()
            last[at] = number
            time.sleep(pause)
        follower.wait("all are told", lambda: len(follower.told) == events)
        follower.end()
        if any(len(times) != 1 for times in follower.told.values()):
            sys.exit("an event was told twice")
        # One that was told before the next began (a line is whole after 150 ms of quiet) had no delay.
        return sorted(max(0.0, (follower.told[number][0] - at) * 1e3) for number, at in next_began.items())


def show(what, values):
    def at(share):
        return values[min(len(values) - 1, int(len(values) * share))]

    print(f"{what}: {len(values)} events, p50 {at(0.5):.1f} ms, p95 {at(0.95):.1f} ms, p99 {at(0.99):.1f} ms, "
          f"most {values[-1]:.1f} ms", flush=True)


def idle(program, polling, files, seconds):
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"bot-{n}.log" for n in range(files)]
        for n, path in enumerate(paths):
            with open(os.path.join(folder, path), "w") as log:
                log.write("2026-08-11 09:00:00,000 INFO bot: tick\n" * 20)
        follower = Follower(program, polling, paths, folder)
        follower.wait("logs are opened", lambda: follower.opened == files)
        # What is due after the last line, to the judgement of the run's end.
        time.sleep(12)
        before, switches = follower.spent()
        time.sleep(seconds)
        after, more = follower.spent()
        print(f"{files} idle logs: {follower.status('VmRSS') / 1024:.1f} MiB resident (at most "
              f"{follower.status('VmHWM') / 1024:.1f}), {(after - before) / seconds:.4f} s of processor a second, "
              f"{(more - switches) / seconds:.1f} switches a second", flush=True)
        follower.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", default="target/release/wd-diagnose")
    parser.add_argument("--polling", action="store_true", help="with --poll=250ms")
    parser.add_argument("--idle", type=int, default=1000, metavar="FILES")
    given = parser.parse_args()
    program, polling = os.path.abspath(given.program), ["--poll=250ms"] if given.polling else []
    show("one log, an event every 5 ms", delays(program, polling, 1, 2000, 0.005))
    show("one log, an event every 50 ms", delays(program, polling, 1, 400, 0.05))
    show("50 logs in turn, an event every 2 ms", delays(program, polling, 50, 5000, 0.002))
    idle(program, polling, 1, 10)
    idle(program, polling, given.idle, 10)


if __name__ == "__main__":
    main()
