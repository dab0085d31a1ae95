"""What the pictures of the documents show; make generate draws them."""  # noqa: INP001 - a script is no package

from __future__ import annotations

from tap.reports.diagram_svg import Arrow, Box, diagram_svg


def pictures() -> dict[str, str]:
    """Return the pictures by the name of their file."""
    return {
        "architecture.svg": _architecture(),
        "shift.svg": _shift(),
        "warm-providers.svg": _warm_providers(),
        "live-proof.svg": _live_proof(),
    }


def _architecture() -> str:
    boxes = {
        "callers": Box(0, 1, "make, Atlantis,\npytest, people"),
        "tap": Box(1.2, 1, "tap"),
        "files": Box(1.2, 0, "modules, _stack,\nenvironments"),
        "terraform": Box(2.4, 1, "terraform"),
        "plan": Box(2.4, 0, "plan"),
        "judges": Box(3.6, 0, "rules, proofs,\nsummary, cost"),
        "provider": Box(3.6, 1, "AWS provider"),
        "boto3": Box(2.4, 3, "shift, rollback,\nstatus"),
        "aws": Box(4.8, 1, "AWS,\nor an emulator"),
        "state": Box(2.4, 2, "state bucket,\nlock table"),
    }
    arrows = (
        Arrow("callers", "tap"),
        Arrow("tap", "files", "reads"),
        Arrow("tap", "terraform", "drives"),
        Arrow("terraform", "plan", "writes"),
        Arrow("plan", "judges"),
        Arrow("terraform", "provider", "warm relay"),
        Arrow("provider", "aws"),
        Arrow("tap", "boto3"),
        Arrow("boto3", "aws", "weights, health, metrics"),
        Arrow("terraform", "state", "state, under a lock"),
    )
    return diagram_svg("How tap, Terraform and AWS work together", boxes, arrows)


def _shift() -> str:
    boxes = {
        "initial": Box(0, 0, "initial\ngreen 0 %"),
        "canary": Box(1.25, 0, "canary\ngreen 10 %"),
        "half": Box(2.5, 0, "half\ngreen 50 %"),
        "complete": Box(3.75, 0, "complete\ngreen 100 %"),
        "finished": Box(5, 0, "finished\nblue: no instances"),
        "rolled-back": Box(2.5, 2, "rolled-back\ngreen 0 %"),
    }
    arrows = (
        Arrow("initial", "canary", "gates open"),
        Arrow("canary", "half", "green passed"),
        Arrow("half", "complete", "green passed"),
        Arrow("complete", "finished", "--finish"),
        Arrow("canary", "rolled-back", "green failed, or tap rollback"),
        Arrow("half", "rolled-back"),
        Arrow("complete", "rolled-back", "green failed, or tap rollback"),
        Arrow("finished", "rolled-back", "tap rollback, when blue is healthy", bend=-40),
        Arrow("rolled-back", "canary", "the next shift", bend=-60),
    )
    return diagram_svg("The life of a shift", boxes, arrows)


def _warm_providers() -> str:
    boxes = {
        "terraform": Box(0, 1, "terraform"),
        "relay": Box(1.5, 1, "relay in tap"),
        "disk": Box(3.6, 0, "answers on disk"),
        "one": Box(3.6, 1, "one provider\nprocess"),
        "fresh": Box(3.6, 2, "a fresh process for\neach configuration"),
    }
    arrows = (
        Arrow("terraform", "relay", "unix socket"),
        Arrow("relay", "disk", "GetSchema, PrepareProviderConfig"),
        Arrow("relay", "one", "calls before Configure"),
        Arrow("relay", "fresh", "calls after Configure"),
    )
    return diagram_svg("Where the calls of Terraform go", boxes, arrows)


def _live_proof() -> str:
    boxes = {
        "clients": Box(0, 0.5, "clients"),
        "probe": Box(0, 1.5, "probe"),
        "haproxy": Box(1.4, 0.5, "HAProxy"),
        "blue": Box(3.2, 0, "server blue"),
        "green": Box(3.2, 1, "server green"),
        "meter": Box(1.4, 2.1, "meter"),
        "emulator": Box(2.8, 2.6, "emulator: rule, record,\nalarms, metrics"),
        "tap": Box(4.4, 2.6, "tap shift,\ntap rollback"),
    }
    arrows = (
        Arrow("clients", "haproxy"),
        Arrow("probe", "haproxy"),
        Arrow("haproxy", "blue"),
        Arrow("haproxy", "green"),
        Arrow("haproxy", "meter", "access log"),
        Arrow("meter", "emulator", "requests, 5xx, times"),
        Arrow("emulator", "haproxy", "weights, every 200 ms", bend=20),
        Arrow("probe", "emulator", "success", bend=70),
        Arrow("tap", "emulator", "weights", bend=14),
        Arrow("emulator", "tap", "evidence", bend=14),
    )
    return diagram_svg("What the live proof is made of", boxes, arrows)
