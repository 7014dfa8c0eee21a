"""One whole run where msgraph-sdk cannot be imported, as on Windows without long paths."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.e2e.laboratory import ROOT, Lab, csv_of, run_apart


def test_export_plan_apply_and_rollback_run_without_the_sdk(lab: Lab, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    (blocked / "msgraph").mkdir(parents=True)
    refusing = "raise ModuleNotFoundError(\"No module named 'msgraph'\", name='msgraph')\n"
    (blocked / "msgraph" / "__init__.py").write_text(refusing, encoding="utf-8")
    path = f"{blocked}{';' if sys.platform == 'win32' else ':'}{ROOT}"

    def go(*words: str) -> str:
        ran = run_apart(lab.words(*words), cwd=tmp_path, PYTHONPATH=path)
        assert ran.code == 0, f"{words}: {ran.said}"
        return ran.said

    go("export")
    go("plan")
    go("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab", "--until", "wave:1")
    put_back = len(csv_of(lab.workspace / "rollback.csv"))
    assert put_back > 0
    assert f"{put_back} confirmed" in go("rollback", "--yes")
