"""A commune is found by the crafts of its villages, too."""

import sqlalchemy as sa
from alembic import op

from kit_booking.domain.text import search_text

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    commune = sa.table("commune", sa.column("id"), sa.column("name"), sa.column("search"))
    place = sa.table("place", sa.column("id"), sa.column("commune_id"), sa.column("name"))
    village = sa.table("village", sa.column("id"), sa.column("place_id"), sa.column("name"), sa.column("craft"))
    connection = op.get_bind()
    names: dict[int, list[str]] = {}
    crafts: dict[int, list[str]] = {}
    for row in connection.execute(sa.select(commune.c.id, commune.c.name)):
        names[row.id], crafts[row.id] = [row.name], []
    for row in connection.execute(sa.select(place.c.commune_id, place.c.name).order_by(place.c.id)):
        names[row.commune_id].append(row.name)
    villages = (
        sa.select(place.c.commune_id, village.c.name, village.c.craft)
        .join(place, place.c.id == village.c.place_id)
        .order_by(place.c.id, village.c.id)
    )
    for row in connection.execute(villages):
        names[row.commune_id].append(row.name)
        crafts[row.commune_id].append(row.craft)
    for commune_id, own_names in names.items():
        text = search_text([*own_names, *crafts[commune_id]])
        connection.execute(sa.update(commune).where(commune.c.id == commune_id).values(search=text))


def downgrade() -> None:
    """The former text is a part of this one."""
