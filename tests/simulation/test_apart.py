"""The product never looks at the truth: nothing below `world/` is opened by it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from simulated_company import new_company

# A process whose audit hook notes what Python opens. What libraries open by themselves it does not
# see: for them the files of the world are filled with bytes that nobody can read.
WATCHED = """
import json, sys
opened = []
def note(event, words):
    if event in ("open", "os.listdir", "os.scandir", "glob.glob") and words:
        opened.append(str(words[0]))
sys.addaudithook(note)
from pathlib import Path
from few_families import few_families
from redumbrella.views.leads import LEADS
from redumbrella.workflows.run import run
from redumbrella.workspace import open_workspace
from served import HTTP, serving
workspace = open_workspace(Path(sys.argv[1]))
with few_families():
    result = run(workspace, lambda *words: None)
pages = {}
with serving(workspace) as address:
    for page in ("/", "/leads", "/customers", "/products", "/models", "/sources", "/runs"):
        pages[page] = HTTP.get(address + page, follow_redirects=True).status_code
print()
print(json.dumps({"pages": pages, "scored": result.scored is not None, "opened": opened}))
"""


def test_nothing_of_the_product_opens_the_truth(tmp_path: Path) -> None:
    folder = tmp_path / "company"
    new_company(folder, 20)
    truth = [path for path in (folder / "world").rglob("*") if path.is_file()]
    assert len(truth) > 4
    for path in truth:
        path.write_bytes(b"\xff\x00 nobody can read this")
    # Without events, from which thousands of variables are made, it learns in a moment.
    settings = folder / "umbrella.toml"
    text = settings.read_text("utf-8")
    for table in ("events", "activities", "identities", "treatments"):
        text = re.sub(rf"(?ms)^\[tables\.{table}\]\n.*?(?=^\[)", "", text)
    assert "[tables.events]" not in text
    settings.write_text(text, "utf-8")
    words = [sys.executable, "-c", WATCHED, str(folder)]
    paths = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), *sys.path]))
    done = subprocess.run(words, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": paths})  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["scored"]
    assert set(said["pages"].values()) == {200}
    assert any("umbrella.toml" in path for path in said["opened"])
    secret = str(folder / "world")
    assert [path for path in said["opened"] if path.startswith(secret)] == []
