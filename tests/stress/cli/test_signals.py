"""A signal ends a command even where Python drops what its handler raises."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import textwrap

import pytest

WITHIN_A_CALLBACK = textwrap.dedent(
    """
    import gc, os, signal, sys, time
    from stress.cli.exits import Terminated
    from stress.cli.signals import listen

    listen()

    def callback(phase, info):
        if phase == "start":
            gc.callbacks.remove(callback)
            os.kill(os.getpid(), signal.SIGNAL)
            for _ in range(1000):
                pass

    gc.callbacks.append(callback)
    gc.collect()
    try:
        time.sleep(20)
    except (Terminated, KeyboardInterrupt) as error:
        print(type(error).__name__)
    """
)


@pytest.mark.parametrize(("name", "raised"), [("SIGTERM", "Terminated"), ("SIGINT", "KeyboardInterrupt")])
def test_a_signal_within_a_callback_of_the_garbage_collector_is_not_dropped(name: str, raised: str) -> None:
    assert hasattr(signal, name)
    script = WITHIN_A_CALLBACK.replace("SIGNAL", name)
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout.strip() == raised, ended.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_message_is_there_when_it_is_said(unbuffered: str) -> None:
    script = (
        "import sys, time; from stress.cli.streams import standard_streams; standard_streams(); "
        "print('said', file=sys.stderr); sys.stdin.read()"
    )
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stderr is not None
        assert process.stdin is not None
        there, _, _ = select.select([process.stderr], [], [], 30)
        process.stdin.close()
        assert there
        assert process.stderr.readline() == b"said\n"
