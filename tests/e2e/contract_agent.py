"""An agent that was written from docs/session-contract.md alone: nothing but its SQL statements, files and times.

What it does is told by the first word of each message (see Turn). Standard library only.
"""
import json
import os
import signal
import sqlite3
import sys
import time

FOLDER = os.environ["PATCHBAY_SESSION_DIR"]  # /workspace in a container
WORKSPACE = os.environ["PATCHBAY_AGENT_DIR"]  # /workspace/agent
LOOK_EVERY = 0.05  # seconds; the contract's runner has no events either


def at(*parts):
    return os.path.join(FOLDER, *parts)


def touch_heartbeat():
    with open(at(".heartbeat"), "a", encoding="ascii"):
        os.utime(at(".heartbeat"))


def settings(connection):
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA mmap_size=0")
    connection.row_factory = sqlite3.Row
    return connection


def look(statement, *values):
    """A reader of inbound.db: opened anew for each look, read-only."""
    connection = settings(sqlite3.connect(f"file:{at('inbound.db')}?mode=ro", uri=True))
    try:
        return connection.execute(statement, values).fetchall()
    finally:
        connection.close()


out = settings(sqlite3.connect(at("outbound.db"), isolation_level=None))


def next_seq():
    ours = out.execute("SELECT COALESCE(MAX(seq), 0) FROM messages_out").fetchone()[0]
    theirs = look("SELECT COALESCE(MAX(seq), 0) FROM messages_in")[0][0]
    highest = max(ours, theirs)
    return highest + 1 if highest % 2 == 0 else highest + 2


def write(row_id, content, kind="chat", reply_to=None, address=(None, None, None)):
    platform_id, channel_type, thread_id = address
    out.execute(
        "INSERT INTO messages_out (id, seq, in_reply_to, timestamp, kind, platform_id, channel_type, thread_id, content)"
        " VALUES (?, ?, ?, datetime('now'), ?, ?, ?, ?, ?)",
        (row_id, next_seq(), reply_to, kind, platform_id, channel_type, thread_id, json.dumps(content)))


def acknowledge(row_id, status):
    out.execute(
        "INSERT INTO processing_ack (message_id, status, status_changed) VALUES (?, ?, datetime('now'))"
        " ON CONFLICT(message_id) DO UPDATE SET status = excluded.status, status_changed = excluded.status_changed",
        (row_id, status))


def remember(key, value):
    out.execute("INSERT OR REPLACE INTO session_state (key, value, updated_at) VALUES (?, ?, datetime('now'))", (key, value))


def recall(key):
    found = out.execute("SELECT value FROM session_state WHERE key = ?", (key,)).fetchone()
    return found["value"] if found else None


def wait_for(statement, *values):
    """A tool that waits for the host."""
    out.execute("INSERT OR REPLACE INTO container_state VALUES (1, 'wait', 60000, datetime('now'), datetime('now'))")
    while not (found := look(statement, *values)):
        touch_heartbeat()
        time.sleep(LOOK_EVERY)
    out.execute("UPDATE container_state SET current_tool = NULL, tool_declared_timeout_ms = NULL, tool_started_at = NULL,"
                " updated_at = datetime('now') WHERE id = 1")
    return found


class Turn:
    """One message; a method for each first word that it may have."""

    def __init__(self, row):
        self.row = row
        self.content = json.loads(row["content"])
        text = self.content.get("text", "").removeprefix("@patch_bot ")
        self.word, _, self.rest = text.partition(" ")
        self.id = f"re-{row['seq']}"  # the same for a turn that is repeated
        self.address = (row["platform_id"], row["channel_type"], row["thread_id"])

    def answer(self, content, suffix="", **more):
        write(self.id + suffix, content, reply_to=self.row["id"], **more)

    def say(self):  # to the message's own address
        self.answer({"text": self.rest}, address=self.address)

    def default(self):  # no address at all, and no message that it answers
        write(self.id, {"text": self.rest})

    def file(self):  # each file comes back under a name of ours
        names = []
        os.makedirs(at("outbox", self.id), exist_ok=True)
        for number, attachment in enumerate(self.content["attachments"]):
            with open(at(attachment["localPath"]), "rb") as source:
                data = source.read()
            names.append(f"copy-{number}-{attachment['name']}")
            with open(at("outbox", self.id, names[-1]), "wb") as copy:
                copy.write(data)
                os.fsync(copy.fileno())
        self.answer({"text": self.rest, "files": names})

    def edit(self):  # a message of ours that was delivered, by the platform's id
        self.answer({"text": "first " + self.rest})
        delivered = wait_for("SELECT platform_message_id, status FROM delivered WHERE message_out_id = ?", self.id)[0]
        assert delivered["status"] == "delivered", delivered["status"]
        self.answer({"operation": "edit", "messageId": delivered["platform_message_id"], "text": "then " + self.rest}, "-edit")

    def revise(self):  # one that may be on its way still, by our own row id
        self.answer({"text": "draft " + self.rest})
        self.answer({"operation": "edit", "messageId": self.id, "text": "final " + self.rest}, "-edit")

    def shrink(self):  # what took two messages becomes one, then two again, then one
        self.answer({"text": f"{self.rest} " * 1000})
        for step, text in enumerate(("short", f"{self.rest} again " * 500, "short at last")):
            self.answer({"operation": "edit", "messageId": self.id, "text": text}, f"-edit{step}")

    def react(self):  # to the person's message: by row id, and by number
        named = self.row["id"] if self.rest == "row" else str(self.row["seq"])
        self.answer({"operation": "reaction", "messageId": named, "emoji": "thumbs_up"})

    def remove(self):
        self.answer({"text": "oops"})
        self.answer({"operation": "delete", "messageId": self.id}, "-delete")

    def system(self):  # a tool's request to the host, and the answer that it greps for
        write(self.id + "-request", {"action": "cli_request", "requestId": self.id, "command": self.rest, "args": []}, kind="system")
        found = wait_for("SELECT id, trigger, content FROM messages_in WHERE kind = 'system' AND status = 'pending' AND content LIKE ?",
                         f'%"requestId":"{self.id}"%')[0]
        acknowledge(found["id"], "completed")
        frame = json.loads(found["content"])["frame"]
        self.answer({"text": f"{found['id'] == 'cli-resp-' + self.id} {found['trigger']} {frame['ok']} {frame['error']['message']}"})

    def count(self):  # what a process left for the next one
        turns = int(recall("turns") or 0) + 1
        remember("turns", str(turns))
        self.answer({"text": f"{turns} by {os.getpid()}"})

    def die(self):  # in the middle of the turn, the first time
        if self.row["tries"] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.answer({"text": f"alive after {self.row['tries']} tries"})

    def elsewhere(self):  # where it may not write
        self.answer({"text": "psst"}, address=("telegram:dm:999", "telegram", None))

    def names(self):  # what the host says about the session
        routing = look("SELECT channel_type, platform_id, thread_id FROM session_routing WHERE id = 1")[0]
        destinations = look("SELECT name, type, channel_type, platform_id FROM destinations ORDER BY name")
        self.answer({"text": json.dumps([list(routing), [list(row) for row in destinations]])})

    def run(self):
        if self.word in ("say", "default", "file", "edit", "revise", "shrink", "react", "remove", "system", "count", "die", "elsewhere", "names"):
            getattr(self, self.word)()
        else:
            raise ValueError(f"what is {self.word!r}?")


def due(most, first_look):
    taken = {row["message_id"] for row in out.execute("SELECT message_id FROM processing_ack")}
    rows = look(
        "SELECT id, seq, kind, timestamp, tries, trigger, content, platform_id, channel_type, thread_id, source_session_id"
        " FROM messages_in WHERE status = 'pending' AND (process_after IS NULL OR datetime(process_after) <= datetime('now'))"
        " AND (on_wake = 0 OR ?) ORDER BY seq DESC LIMIT ?", first_look, most)
    return [row for row in reversed(rows) if row["id"] not in taken]


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with open(os.path.join(WORKSPACE, "container.json"), encoding="utf-8") as file:
        most = json.load(file).get("maxMessagesPerPrompt", 10)
    out.execute("DELETE FROM processing_ack WHERE status = 'processing'")
    first_look = True
    while True:
        rows = due(most, first_look)
        first_look = False
        if not any(row["trigger"] for row in rows):
            time.sleep(LOOK_EVERY)
            continue
        for row in rows:
            acknowledge(row["id"], "processing")
        for row in rows:
            touch_heartbeat()
            # What the host says to us needs no answer.
            if row["kind"] == "chat" and row["channel_type"] != "agent":
                Turn(row).run()
            acknowledge(row["id"], "completed")


main()
