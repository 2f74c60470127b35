"""An audience for advertising platforms: addresses of those alone who may be written to."""

from hashlib import sha256
from pathlib import Path

import pytest
from automation_world import company, people

from redumbrella.errors import NotFoundError
from redumbrella.state.outreach import add_member, unsubscribe
from redumbrella.workflows.audience_file import audience_rows


def test_only_who_may_be_written_to_and_has_an_address_is_in_the_file(tmp_path: Path) -> None:
    known = people("Ana", "Rui", "Eva", "Ivo", "Lia", do_not_contact="no")
    special = ({"email": " Ana@Example.COM "}, {"consent": "no"}, {"do_not_contact": "yes"},
               {"email": None}, {})  # fmt: skip
    known = [{**one, **own} for one, own in zip(known, special, strict=True)]
    workspace = company(tmp_path, "", {"people": known})
    with workspace.state.writing() as connection:
        for name in ("Ana", "Rui", "Eva", "Ivo", "Lia", "Nobody"):
            add_member(connection, {
                "audience": "Spring", "person_id": f"P-{name}", "lead_id": "", "label": name,
                "rep_id": "", "rule": "x", "added_at": 1,
            })  # fmt: skip
        unsubscribe(connection, "P-Lia", 1, "")
    assert list(audience_rows(workspace, "Spring")) == [{
        "person_id": "P-Ana", "email": "ana@example.com",
        "email_sha256": sha256(b"ana@example.com").hexdigest(),
    }]  # fmt: skip
    with pytest.raises(NotFoundError, match='Did you mean "Spring"'):
        audience_rows(workspace, "Sprin")
    workspace.state.close()
