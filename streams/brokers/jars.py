"""Where a real broker's program comes from: Java on this machine, Kafka's jars from Maven Central.

The jars are listed by `deploy/kafka/pom.xml`, fetched once and kept outside the checkout; a second
start needs neither Maven nor a network.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from streams.brokers import BrokerError

MINIMUM_JAVA = 17
_STAMP = "pom.sha256"
_HERE = Path(__file__).resolve().parent
_POM_PLACES = (_HERE / "pom.xml", _HERE.parents[1] / "deploy" / "kafka" / "pom.xml")


def java_major(version_text: str) -> int | None:
    """Read the major version from what `java -version` prints.

    Examples
    --------
    >>> java_major('openjdk version "17.0.15" 2025-04-15')
    17
    >>> java_major('java version "1.8.0_392"')
    8
    >>> java_major("command not found") is None
    True
    """
    found = re.search(r'version "(?:1\.)?(\d+)', version_text)
    return int(found.group(1)) if found else None


def find_java() -> str:
    """Path of a Java that can run the broker: `JAVA_HOME` first, then the path.

    Raises
    ------
    BrokerError
        There is none, or it is older than `MINIMUM_JAVA`.
    """
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None or not Path(java).exists():
        where = f"JAVA_HOME ({home})" if home else "the PATH"
        msg = (
            f"Java {MINIMUM_JAVA} or newer must be installed, was not found by {where};"
            " on Debian: apt-get install openjdk-17-jre-headless"
        )
        raise BrokerError(msg)
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    major = java_major(told.stderr + told.stdout)
    if major is None or major < MINIMUM_JAVA:
        was = major if major is not None else "unreadable"
        msg = f"Java must be {MINIMUM_JAVA} or newer, was {was} ({java}); set JAVA_HOME"
        raise BrokerError(msg)
    return java


def find_pom() -> Path:
    """Return the file that lists the broker's jars, from the wheel or from the checkout."""
    for place in _POM_PLACES:
        if place.is_file():
            return place
    msg = f"the broker's pom.xml must be at one of {[str(place) for place in _POM_PLACES]}"
    raise BrokerError(msg)


def kafka_version(pom: Path) -> str:
    """Return the Kafka version that a pom names."""
    found = re.search(r"<kafka\.version>([^<]+)</kafka\.version>", pom.read_text("utf-8"))
    if found is None:
        msg = f"{pom} must name a <kafka.version>"
        raise BrokerError(msg)
    return found.group(1)


def cache_root() -> Path:
    """Return the folder for things that are fetched once."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "coupon-stream"


def kafka_jars(say: Callable[[str], None]) -> Path:
    """Return the folder with Kafka's jars, fetching them the first time.

    Parameters
    ----------
    say
        Told, in one line each, when a download starts and ends.
    """
    pom = find_pom()
    version = kafka_version(pom)
    stamp = hashlib.sha256(pom.read_bytes()).hexdigest()
    folder = cache_root() / f"kafka-{version}"
    if _is_complete(folder, stamp):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"kafka-{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two first starts at once: the second finds the jars
        if not _is_complete(folder, stamp):
            say(f"Fetching Apache Kafka {version} (45 MB, once) into {folder} ...")
            _fetch(pom, folder, stamp)
            say(f"Apache Kafka {version} is in place.")
    return folder


def _is_complete(folder: Path, stamp: str) -> bool:
    written = folder / _STAMP
    return written.is_file() and written.read_text("ascii") == stamp


def _fetch(pom: Path, folder: Path, stamp: str) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        msg = (
            "Maven must be installed to fetch Kafka's jars the first time, was not found on the"
            " PATH; on Debian: apt-get install maven (or use Docker: docker compose up kafka)"
        )
        raise BrokerError(msg)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as half:
        jars = Path(half) / "jars"
        command = [maven, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies"]
        command += [f"-DoutputDirectory={jars}", "-DincludeScope=runtime"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0 or not any(jars.glob("kafka_*.jar")):
            last = "\n".join((done.stdout + done.stderr).splitlines()[:8])
            msg = f"Maven could not fetch Kafka's jars (exit code {done.returncode}):\n{last}"
            raise BrokerError(msg)
        (jars / _STAMP).write_text(stamp, "ascii")
        shutil.rmtree(folder, ignore_errors=True)
        jars.rename(folder)
