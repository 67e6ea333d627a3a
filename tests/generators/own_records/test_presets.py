"""Formats that exchanges and studies deliver: each preset reads a made-up sample, with nothing but the path given."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from small_worlds import make_settings, table

from bench.faults import faults_of
from generators.own_records.cdr_file import CdrFile

ASTERISK = '''\
"","101","102","from-internal","""A"" <101>","PJSIP/101-1","PJSIP/102-2","Dial","PJSIP/102,30,tT",\
"2024-01-08 09:00:00","2024-01-08 09:00:08","2024-01-08 09:01:08",68,60,"ANSWERED","DOCUMENTATION","1.1",""
"","102","103","from-internal","""B"" <102>","PJSIP/102-3","PJSIP/103-4","Dial","PJSIP/103,30,tT",\
"2024-01-08 10:00:00","","2024-01-08 10:00:20",20,0,"NO ANSWER","DOCUMENTATION","1.2",""
"","anonymous","103","from-pstn","anonymous","PJSIP/t-5","PJSIP/103-6","Dial","PJSIP/103,30,tT",\
"2024-01-08 11:00:00","","2024-01-08 11:00:09",9,0,"BUSY","DOCUMENTATION","1.3",""
"","101","900","from-internal","""A"" <101>","PJSIP/101-7","PJSIP/102-8","Queue","q,30",\
"2024-01-08 12:00:00","","2024-01-08 12:00:20",20,0,"NO ANSWER","DOCUMENTATION","1.4",""
"","101","103","from-internal","""A"" <101>","PJSIP/101-7","PJSIP/103-9","Queue","q,30",\
"2024-01-08 12:00:20","2024-01-08 12:00:30","2024-01-08 12:01:00",40,30,"ANSWERED","DOCUMENTATION","1.4",""
'''
FREESWITCH = """\
"A","101","102","default","2024-01-08 09:00:00","2024-01-08 09:00:08","2024-01-08 09:01:08","68","60",\
"NORMAL_CLEARING","u1","u2","","PCMU","PCMU"
"A","101","102","default","2024-01-08 09:00:00","2024-01-08 09:00:08","2024-01-08 09:01:08","68","60",\
"NORMAL_CLEARING","u2","u1","","PCMU","PCMU"
"B","102","103","default","2024-01-08 10:00:00","","2024-01-08 10:00:20","20","0","USER_BUSY","u3","","","PCMU","PCMU"
"""
CUCM = [
    ("cdr_StandAloneCluster_01_202401080900_1", "1,1,{},101,102,102,16,{},60,p1"),
    ("cdr_StandAloneCluster_01_202401081000_2", "1,2,{},102,103,103,17,{},0,p2"),
]
CUCM_HEADER = (
    '"cdrRecordType","globalCallID_callId","dateTimeOrigination","callingPartyNumber","originalCalledPartyNumber",'
    '"finalCalledPartyNumber","destCause_value","dateTimeDisconnect","duration","pkid"\n'
    "INTEGER,INTEGER,INTEGER,VARCHAR(50),VARCHAR(50),VARCHAR(50),INTEGER,INTEGER,INTEGER,UNIQUEIDENTIFIER\n"
)
BANDICOOT = "interaction,direction,correspondent_id,datetime,call_duration,antenna_id\n"
ACC = "method,from_tag,to_tag,callid,sip_code,sip_reason,time,duration,setuptime,created,caller,callee\n"
CDRS = "cdr_id,src_username,dst_username,call_start_time,duration,sip_call_id\n"
CIDER = "txn_type,caller_id,recipient_id,timestamp,duration,caller_antenna,recipient_antenna,international\n"


def begun(hour: int, minute: int = 0, second: int = 0) -> int:
    return int(datetime(2024, 1, 8, hour, minute, second, tzinfo=UTC).timestamp())


def calls_of(preset: str, path: Path, folder: Path) -> tuple[pl.DataFrame, dict[str, int]]:
    chosen, _ = make_settings(f"generator={preset}", f"generator.path={path}", "generator.pseudonyms=false")
    counts = CdrFile(chosen, {}).make(folder / "world", 1, lambda *_: None)
    return table(folder / "world", "calls"), counts


def written(folder: Path, files: dict[str, str]) -> Path:
    (folder / "in").mkdir()
    for name, text in files.items():
        (folder / "in" / name).write_text(text)
    return folder / "in" / next(iter(files)) if len(files) == 1 else folder / "in"


CUCM_FILES = {
    name: f"{CUCM_HEADER}{row.format(begun(hour), begun(hour, 2))}\n" for hour, (name, row) in enumerate(CUCM, 9)
}
FIRST = ("101", "102", begun(9), 60, "answered")
SAMPLES = {
    "asterisk": (
        {"Master.csv": ASTERISK},
        [
            FIRST,
            ("102", "103", begun(10), 0, "missed"),
            ("unknown_0", "103", begun(11), 0, "busy"),
            ("101", "103", begun(12, 0, 20), 30, "answered"),
        ],
    ),
    "freeswitch": ({"Master.csv": FREESWITCH}, [FIRST, ("102", "103", begun(10), 0, "busy")]),
    "cucm": (
        {
            **CUCM_FILES,
            "cmr_StandAloneCluster_01_202401080900_1": "cdrRecordType\nINTEGER\n2\n",
        },
        [FIRST, ("102", "103", begun(10), 0, "busy")],
    ),
    "bandicoot": (
        {
            "101.csv": f"{BANDICOOT}call,out,102,2024-01-08 09:00:00,60,t1\ntext,in,103,2024-01-08 09:30:00,,t1\n",
            "102.csv": f"{BANDICOOT}call,in,101,2024-01-08 09:00:00,60,t2\ncall,in,104,2024-01-08 10:00:00,5,\n",
        },
        [FIRST, ("104", "102", begun(10), 5, "answered")],
    ),
    "opensips": (
        {
            "acc.csv": f"{ACC}INVITE,a,b,c1,200,OK,2024-01-08 09:00:00,60,3,2024-01-08 08:59:57,101,102\n"
            "BYE,a,b,c1,200,OK,2024-01-08 09:01:00,0,0,,101,102\n"
            "INVITE,a,b,c2,486,Busy Here,2024-01-08 10:00:00,0,0,,102,103\n"
        },
        [FIRST, ("102", "103", begun(10), 0, "busy")],
    ),
    "kamailio": (
        {"cdrs.csv": f"{CDRS}1,101,102,2024-01-08 09:00:00,60,c1\n2,102,103,2024-01-08 10:00:00,5,c2\n"},
        [FIRST, ("102", "103", begun(10), 5, "answered")],
    ),
    "cider": (
        {
            "cdr.csv": f"{CIDER}call,101,102,2024-01-08 09:00:00,60.0,t1,t2,domestic\n"
            "text,101,103,2024-01-08 09:30:00,,t1,t2,domestic\ncall,102,900,2024-01-08 10:00:00,5.0,t1,,international\n"
        },
        [FIRST, ("102", "900", begun(10), 5, "answered")],
    ),
    "cns": (
        {"calls.csv": f"timestamp,caller,callee,duration\n{begun(9) - 1704067200},101,102,60\n691200,3,4,-1\n"},
        [FIRST, ("3", "4", 1704067200 + 691200, 0, "missed")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("preset", list(SAMPLES))
def test_a_preset_reads_its_format(tmp_path: Path, preset: str, capsys: pytest.CaptureFixture[str]) -> None:
    files, expected = SAMPLES[preset]
    calls, counts = calls_of(preset, written(tmp_path, files), tmp_path)
    seconds = pl.col("call_start_ts").dt.epoch("s")
    found = calls.select(
        pl.col("caller_id", "callee_id").cast(pl.String), seconds, "call_duration", pl.col("outcome").cast(pl.String)
    )
    assert found.rows() == expected
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].startswith("left out: ")
    read = Counter(name for name, text in files.items() if name.startswith("cmr_"))
    rows = sum(len(text.splitlines()) for name, text in files.items() if name not in read)
    if preset in ("asterisk", "freeswitch"):
        assert rows == counts["calls"] + counts["dropped"]


@pytest.mark.parametrize("preset", ["asterisk", "freeswitch"])
def test_a_header_is_found_whatever_the_order_of_its_columns(tmp_path: Path, preset: str) -> None:
    """An export with a header, two columns turned round and one more, is read as the file without."""
    files, expected = SAMPLES[preset]
    chosen, _ = make_settings(f"generator={preset}", "generator.path=none")
    (name, text), names = next(iter(files.items())), chosen.names
    path = written(tmp_path, {name: text})
    frame = pl.read_csv(path, has_header=False, infer_schema=False)
    frame = frame.rename(dict(zip(frame.columns, names, strict=False))).with_columns(more=pl.lit("x"))
    frame.select("more", *reversed(frame.columns[:-1])).write_csv(path)
    calls, _ = calls_of(preset, path, tmp_path)
    assert calls["caller_id"].cast(pl.String).to_list() == [row[0] for row in expected]


def test_short_rows_of_asterisk_are_read(tmp_path: Path) -> None:
    """Without unique ids and user fields, as cdr.conf has it unless told otherwise."""
    rows = [line.rsplit(",", 2)[0] for line in ASTERISK.splitlines()]
    calls, _ = calls_of("asterisk", written(tmp_path, {"Master.csv": "\n".join(rows) + "\n"}), tmp_path)
    assert calls.height == 5


def test_cdr_file_says_that_master_csv_has_no_header(tmp_path: Path) -> None:
    path = written(tmp_path, {"Master.csv": ASTERISK})
    chosen, _ = make_settings("generator=cdr_file", f"generator.path={path}")
    messages = "\n".join(str(fault) for fault in faults_of(chosen, "generator"))
    assert "generator.header must be false" in messages
