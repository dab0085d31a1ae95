"""What ``tap`` adds to the time of the Terraform command that it wraps, on an applied prod."""

from __future__ import annotations

import re
import sys
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING

from benchmarks.measure import Pairs, measure, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.prod import Prod
    from benchmarks.warm_providers import Bench

# A literal of prod that ends in one alarm.
_LITERAL = re.compile(r"(database_connections\s+= )\d+")


def wrapper_rows(bench: Bench, prod: Prod) -> Iterator[Pairs]:
    """Measure plan and apply of prod by Terraform itself and by ``tap``."""
    environ, folder = prod.environ, prod.root
    file = str(prod.project / "bench.tfplan")
    plan = [bench.terraform, "plan", "-input=false", f"-out={file}"]
    show = [bench.terraform, "show", "-json", file]

    def terraform_plan() -> None:
        run(plan, cwd=folder, environ=environ)

    def terraform_plan_and_show() -> None:
        run(plan, cwd=folder, environ=environ)
        run(show, cwd=folder, environ=environ)

    def terraform_plan_warm() -> None:
        attached = bench.providers.attach(folder, environ)
        variables = attached.variables if attached else {}
        run(plan, cwd=folder, environ={**environ, **variables})

    rows = (
        ("terraform plan: tap plan", terraform_plan, ("plan", "prod")),
        ("terraform plan, warm: tap plan", terraform_plan_warm, ("plan", "prod")),
        (
            "terraform plan and show: tap plan --no-warm",
            terraform_plan_and_show,
            ("plan", "prod", "--no-warm"),
        ),
    )
    for name, plain, words in rows:
        print(f"measuring: {name}", file=sys.stderr)
        yield measure(name, plain, partial(prod.tap, *words), pairs=bench.pairs)

    print("measuring: apply of a saved plan", file=sys.stderr)
    main = folder / "main.tf"
    original = main.read_text()
    numbers = cycle((501, 502))

    def change() -> None:
        main.write_text(_LITERAL.sub(rf"\g<1>{next(numbers)}", original))
        prod.tap("plan", "prod")

    def terraform_apply() -> None:
        saved = prod.project / ".tap" / "local" / "plans" / "prod.tfplan"
        run([bench.terraform, "apply", "-input=false", str(saved)], cwd=folder, environ=environ)

    yield measure(
        "terraform apply of a saved plan: tap apply",
        terraform_apply,
        partial(prod.tap, "apply", "prod"),
        pairs=bench.pairs,
        before=change,
    )
    main.write_text(original)
