"""The order of files that one glob finds: what people mean by their names."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redumbrella.sources.formats.file_order import sorted_as_meant

ORDERS = [
    "leads.csv|leads (1).csv|leads (2).csv|leads (10).csv",
    "leads.csv|leads_2.csv|leads_10.csv",
    "leads 9.csv|leads 10.csv",
    "leads.csv|leads - Copy.csv|leads - Copy (2).csv",
    "leads.csv|Kopie von leads.csv",
    "leads 01.02.2023.csv|leads 15.01.2024.csv|leads 01.02.2024.csv",
    "12_31_2023.csv|01_15_2024.csv",
    "leads_2023-12.csv|leads_2024-01.csv|leads_2024-02.csv",
    "12-2023.csv|01-2024.csv|02-2024.csv",
    "export_20231231.csv|export_20240101.csv|export_20240101120000.csv",
    "leads-2023-Q4.csv|leads-2024-Q1.csv|leads-2024-Q2.csv",
    "Q4 2023.csv|Q1 2024.csv",
    "jan.csv|feb.csv|mar.csv|december.csv",
    "leads_Nov2023.csv|leads_Dec2023.csv|leads_Feb2024.csv",
    "Leads Dezember 2023.csv|Leads Januar 2024.csv|Leads März 2024.csv",
    "ventes février 2024.csv|ventes avril 2024.csv|ventes août 2024.csv",
    "ventas enero 2024.csv|ventas abril 2024.csv|ventas diciembre 2024.csv",
    "2 Jan 2024.csv|15 Jan 2024.csv|1 Feb 2024.csv",
    "2023/12/a.csv|2024/2/a.csv|2024/10/a.csv",
    "archived.csv|marketing.csv|sales.csv",
    "week1.csv|week2.csv|week11.csv",
]


@pytest.mark.parametrize("names", ORDERS)
@given(seed=st.randoms(use_true_random=False))
def test_files_come_in_the_order_of_their_names(names: str, seed: object) -> None:
    wanted = [Path("/data") / name for name in names.split("|")]
    shuffled = list(wanted)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sorted_as_meant(shuffled) == wanted
