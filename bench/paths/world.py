#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A path between two kernels, in three network namespaces that vanish with this process:

    sender: kernel 10.7.0.2, aksu 10.7.0.3 ── a0 ══ a1 ── aksu wire ── b1 ══ b0 ── kernel 10.7.0.1

Both senders use a0 and the same wire; the receiver is the kernel in both cases. Reads one run a
line of JSON from standard input, answers each with one line. bench/paths/run.py starts several.
"""
import json
import os
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
AKSU = os.environ.get("AKSU", os.path.join(os.path.dirname(os.path.dirname(HERE)), "build/aksu"))
BUFFER = 64 << 20  # of both kernels at most; 20 times the product of the longest and fattest path
BUDGET_MIB = 256
PORT = 5001
OURS, THEIRS, PEER = "10.7.0.3", "10.7.0.2", "10.7.0.1"


def sh(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


class Agent:
    """bench/paths/agent.py in a namespace of its own."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["unshare", "-n", sys.executable, "-B", os.path.join(HERE, "agent.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.waiting, self.lock, self.number = {}, threading.Lock(), 0
        threading.Thread(target=self.listen, daemon=True).start()
        self.ask("duplicates")  # it is there, and in its namespace

    def listen(self):
        for line in self.process.stdout:
            said = json.loads(line)
            self.waiting[said["id"]][1] = said
            self.waiting[said["id"]][0].set()

    def begin(self, do, **order):
        with self.lock:
            self.number += 1
            number = self.number
            self.waiting[number] = [threading.Event(), None]
            print(json.dumps(dict(order, do=do, id=number)), file=self.process.stdin, flush=True)
        return number

    def end(self, number, patience=30):
        event, _ = self.waiting[number]
        if not event.wait(patience):
            raise RuntimeError("an end of the path does not answer")
        said = self.waiting.pop(number)[1]
        if "error" in said:
            raise RuntimeError(said["error"])
        return said

    def ask(self, do, **order):
        return self.end(self.begin(do, **order))

    def run(self, *words):
        sh("nsenter", "-t", str(self.process.pid), "-n", *words)


class World:
    def __init__(self):
        self.sender, self.receiver = Agent(), Agent()
        for agent, near, far, address in ((self.sender, "a1", "a0", THEIRS),
                                          (self.receiver, "b1", "b0", PEER)):
            agent.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                      "net.ipv6.conf.default.disable_ipv6=1", "net.ipv4.tcp_no_metrics_save=1",
                      f"net.ipv4.tcp_rmem=4096 131072 {BUFFER}",
                      f"net.ipv4.tcp_wmem=4096 65536 {BUFFER}")
            sh("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
               "net.ipv6.conf.default.disable_ipv6=1")
            sh("ip", "link", "add", near, "address", f"02:00:00:00:{near[0]}0:01", "type", "veth",
               "peer", "name", far, "address", f"02:00:00:00:{far[0]}0:02",
               "netns", str(agent.process.pid))
            sh("ip", "link", "set", near, "up")
            agent.run("ip", "addr", "add", f"{address}/24", "dev", far)
            agent.run("ip", "link", "set", far, "up")
        # The kernels need not ask for each other's station; ours asks, once.
        self.sender.run("ip", "neigh", "add", PEER, "lladdr", "02:00:00:00:b0:02", "dev", "a0")
        for address in (THEIRS, OURS):
            self.receiver.run("ip", "neigh", "add", address, "lladdr", "02:00:00:00:a0:02",
                              "dev", "b0")

    def begin_flow(self, who, port):
        stack, congestion = who.split(":")
        if stack == "linux":
            self.sender.ask("linux", to=PEER, port=port, congestion=congestion)
            return
        self.sender.ask("aksu", port=port, argv=[
            AKSU, "connect", "--link", "packet:a0", "--addr", f"{OURS}/24", "--stats",
            "--budget", str(BUDGET_MIB), "--no-control", "--congestion", congestion, PEER,
            str(port)])

    def flows(self, run):
        ports = range(PORT, PORT + len(run["who"]))
        self.sender.ask("forget")  # of a run that failed
        self.receiver.ask("forget")
        before = self.receiver.ask("duplicates")["duplicates"]
        counts = []
        for who, port in zip(run["who"], ports):
            self.receiver.ask("listen", port=port)
            counts.append(self.receiver.begin("count", port=port, seconds=run["seconds"],
                                              patience=20))
            self.begin_flow(who, port)
        results = [self.receiver.end(c, run["seconds"] + 40) for c in counts]
        for result, port in zip(results, ports):
            result.update(self.sender.ask("stop", port=port))
        after = self.receiver.ask("duplicates")["duplicates"]
        for port in ports:
            self.receiver.ask("stop", port=port)
        return {"flows": results, "duplicates": after - before}

    def run(self, run):
        """One run over a wire of its own, of the seed that the other stack's has too."""
        wire = subprocess.Popen([AKSU, "wire", "packet:a1", "packet:b1", "--json", *run["wire"]],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            line = wire.stderr.readline()
            if "ready on" not in line:
                raise RuntimeError(line.strip())
            busy = cpu()
            result = self.flows(run)
            result["idle"] = idle_since(busy)
        finally:
            wire.send_signal(signal.SIGINT)
            out, _ = wire.communicate(timeout=10)
        result["wire"] = json.loads(out.splitlines()[-1])
        return result


def cpu():
    with open("/proc/stat", encoding="ascii") as file:
        return [int(word) for word in file.readline().split()[1:]]


def idle_since(before):
    """The share of the processors' time that nobody wanted."""
    spent = [a - b for a, b in zip(cpu(), before)]
    return (spent[3] + spent[4]) / max(sum(spent[:8]), 1)


def main():
    try:
        os.nice(-15)  # the wire's clock, and both stacks' programs, before what else runs here
    except PermissionError:
        pass
    world = World()
    print("ready", flush=True)
    for line in sys.stdin:
        run = json.loads(line)
        for _ in range(2):  # a connection whose SYNs were all lost is begun again
            try:
                run["result"] = world.run(run)
                run.pop("error", None)
                break
            except (RuntimeError, OSError, subprocess.SubprocessError, ValueError) as error:
                run["error"] = repr(error)
                time.sleep(1)
        print(json.dumps(run), flush=True)


if __name__ == "__main__":
    main()
