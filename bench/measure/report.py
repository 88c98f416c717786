"""How figures are compared and printed: as ratios, with the times they are made of in a note."""

import statistics


class Times:
    """Durations in microseconds, of which one is drawn by its rank."""

    def __init__(self, samples):
        self.samples = sorted(samples)

    def share(self, share):
        """The time that this share of the samples stays within."""
        return self.samples[min(len(self.samples) - 1, int(share * len(self.samples)))]

    @property
    def median(self):
        return statistics.median(self.samples)

    @property
    def worst(self):
        return self.samples[-1]


def spell(microseconds):
    """A duration with three digits that mean something."""
    for unit, size in (("us", 1), ("ms", 1e3), ("s", 1e6)):
        value = microseconds / size
        if abs(value) < 999.5 or unit == "s":
            return f"{value:.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f} {unit}"


def spread(times):
    """Median, p95 and p99 of some times."""
    return f"median {spell(times.median)}, p95 {spell(times.share(0.95))}, p99 {spell(times.share(0.99))}"


def against(ours, peer):
    """Median, p95 and p99 of both sides; of a few samples rather the worst."""
    pairs = [("median", ours.median, peer.median)]
    if len(ours.samples) < 20:
        pairs += [("worst", ours.worst, peer.worst)]
    else:
        pairs += [("p95", ours.share(0.95), peer.share(0.95)), ("p99", ours.share(0.99), peer.share(0.99))]
    return ", ".join(f"{name} {spell(a)} against {spell(b)}" for name, a, b in pairs)


def heading(text):
    """Opens a part of the report."""
    print(f"\n{text}\n{'':<62} {'ratio':>9}  {'target':<18}", flush=True)


def row(name, ratio, target, note):
    """One line of the report."""
    print(f"{name:<62} {ratio:>9.2f}  {target:<18} {note}", flush=True)


def faster(name, target, ours, peer, more=""):
    """How many times the median of ours goes into the peer's."""
    row(name, peer.median / ours.median, target, f"x faster; {against(ours, peer)}{more}")


def slower(name, target, ours, peer, more=""):
    """How many times the median of the peer's goes into ours."""
    row(name, ours.median / peer.median, target, f"x the time; {against(ours, peer)}{more}")


def rate(name, target, ours, peer):
    """How many times as long ours takes, by the transactions a second that pgbench counted."""
    row(name, peer.tps / ours.tps, target, f"x the time; {ours.tps:.0f} a second against {peer.tps:.0f}, {against(ours.times, peer.times)}")
