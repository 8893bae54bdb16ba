"""A running centre is copied, killed and brought back from the copy; a tail that a crash left is told of at the next start."""

import asyncio
import pathlib
import shutil
import time

from calls import call, spread
from check_export import violations
from json_client import connected
from running_centre import RunningCentre, liandong

# As few records as a snapshot may be made after.
SETTINGS = "[journal]\nsnapshot_records = 1000\n"
CALLS = 1_500

Decisions = dict[str, dict[str, object]]


async def decided(centre: RunningCentre, numbers: range) -> Decisions:
    """The decision of each of these calls, all asked at once."""
    async with connected(centre.quic_port) as connection:
        talk = connection.open()
        keys = {f"copied-{number}": spread(number) for number in numbers}
        decisions = await asyncio.gather(*(talk.decide(call(key, **place)) for key, place in keys.items()))
    return dict(zip(keys, decisions, strict=True))


def test_a_copy_of_a_running_centre_goes_on_where_it_ended(tmp_path: pathlib.Path) -> None:
    """Behind a snapshot, while calls come. Who was answered before the copy was taken is answered the same by the centre that is
    started from it; who was answered after it is decided anew."""
    copy = tmp_path / "copy"
    centre = RunningCentre(tmp_path / "one", "wall", SETTINGS)
    with centre:
        before = asyncio.run(decided(centre, range(CALLS)))
        until = centre.stats()["sequence"]
        patience = time.monotonic() + 60
        while not list(centre.data.glob("snapshots/*.snapshot")):
            assert time.monotonic() < patience, "no snapshot was made"
            time.sleep(0.1)

        async def beside() -> Decisions:
            after = asyncio.create_task(decided(centre, range(CALLS, CALLS + 300)))
            said = await asyncio.to_thread(liandong, "journal", "backup", str(centre.data), str(copy))
            assert "no damage" in said.stdout, said.stdout
            return await after

        asyncio.run(beside())
        centre.kill()
    assert list((copy / "snapshots").iterdir()), "no snapshot came with it"
    shutil.rmtree(centre.data)
    restored = RunningCentre(tmp_path / "two", "wall", SETTINGS)
    liandong("journal", "restore", str(copy), str(restored.data))
    with restored:
        stats = restored.stats()
        assert stats["sequence"] >= until
        again = asyncio.run(decided(restored, range(CALLS)))
        assert again == before
        asyncio.run(decided(restored, range(CALLS, CALLS + 300)))
        restored.assert_unharmed()
    assert not violations(*restored.export())


def test_a_tail_that_was_cut_off_is_told_and_named(tmp_path: pathlib.Path) -> None:
    """What a crash can leave behind the last whole record: bytes that nothing vouches for."""
    centre = RunningCentre(tmp_path, "wall")
    with centre:
        before = asyncio.run(decided(centre, range(50)))
        centre.kill()
        newest = max(centre.data.glob("*.log"))
        written = bytearray(newest.read_bytes())
        end = len(written.rstrip(b"\0"))
        written[end + 8_192 : end + 8_200] = b"unsynced"
        newest.write_bytes(written)
        assert "unfinished tail" in liandong("journal", "verify", str(centre.data)).stdout
        centre.start()
        assert "the journal's unfinished tail was cut off" in centre.said() and "at risk: sequences from" in centre.said()
        assert asyncio.run(decided(centre, range(50))) == before
        centre.assert_unharmed()


def test_a_folder_whose_segments_are_gone_is_refused(tmp_path: pathlib.Path) -> None:
    """And left as it is, so that what is missing can be brought back."""
    centre = RunningCentre(tmp_path, "wall")
    with centre:
        asyncio.run(decided(centre, range(20)))
    kept = tmp_path / "kept"
    kept.mkdir()
    for segment in centre.data.glob("*.log"):
        shutil.move(segment, kept)
    try:
        centre.start()
    except AssertionError as refused:
        assert "and no journal: bring its segments" in str(refused)
    else:
        raise AssertionError("it began a new journal in a folder that had one")
    assert not list(centre.data.glob("*.log"))
    for segment in kept.iterdir():
        shutil.move(segment, centre.data)
    with centre:
        centre.assert_unharmed()
