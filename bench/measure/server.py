"""The server under measurement, spoken to through psql and pgbench alone."""

import dataclasses
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

from measure.report import Times

# Runs statements in turns, each over all arguments before the next, so that all of them see the same
# machine; the first round is not counted. The loop runs inside the server: a client and its socket would
# be the same constant on all sides and make every ratio look better than it is. EXECUTE ... USING plans
# each time, like a driver that sends parameters without preparing.
TURNS = """
CREATE FUNCTION pg_temp.turns(statements text[], arguments text[], rounds integer)
RETURNS TABLE (which integer, us double precision) LANGUAGE plpgsql AS $$
DECLARE
    argument text; started timestamptz;
BEGIN
    FOR round IN 0 .. rounds LOOP
        FOR i IN 1 .. cardinality(statements) LOOP
            which := i - 1;
            FOREACH argument IN ARRAY arguments LOOP
                started := clock_timestamp();
                EXECUTE statements[i] USING argument;
                us := extract(epoch FROM clock_timestamp() - started) * 1e6;
                IF round > 0 THEN RETURN NEXT; END IF;
            END LOOP;
        END LOOP;
    END LOOP;
END $$;
"""

# Transactions of each client of pgbench that are not counted.
WARMING = 20


def literal(text):
    """A string literal."""
    return "'" + text.replace("'", "''") + "'"


def array(texts):
    """An array of string literals."""
    return "ARRAY[" + ", ".join(map(literal, texts)) + "]::text[]"


@dataclasses.dataclass
class Load:
    """What pgbench saw: transactions a second, and how long each took."""

    tps: float
    times: Times


@dataclasses.dataclass(frozen=True)
class Server:
    """Where it listens, and where its programs are."""

    socket: str
    bindir: str

    def _command(self, program, role, database):
        return [f"{self.bindir}/{program}", "-h", self.socket, "-U", role, database]

    def psql(self, script, role="postgres", database="bench", stdin=None, variables=()):
        """Runs a script and returns what it prints. `stdin` feeds a \\copy of the script."""
        command = self._command("psql", role, database) + ["-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
        for name, value in dict(variables).items():
            command += ["-v", f"{name}={value}"]
        if stdin is None:
            done = subprocess.run(command, input=script, capture_output=True, encoding="utf-8")
        else:
            done = subprocess.run(command + ["-f", script], stdin=stdin, capture_output=True, encoding="utf-8")
        if done.returncode:
            sys.exit(done.stderr)
        return done.stdout

    def rows(self, script, role="postgres", database="bench"):
        """What a script prints, as rows of texts."""
        return [line.split("\t") for line in self.psql(script, role, database).splitlines()]

    def value(self, script, role="postgres", database="bench"):
        """The one number that a script prints."""
        return float(self.psql(script, role, database))

    def timings(self, script, role="postgres", database="bench"):
        """Milliseconds of each statement between \\timing on and \\timing off."""
        return [float(ms) for ms in re.findall(r"^Time: ([0-9.]+) ms", self.psql(script, role, database), re.MULTILINE)]

    def turns(self, statements, arguments, rounds, role, database="bench", prelude=""):
        """Times of each statement, run in turns in one session over a list of arguments or an SQL array."""
        arguments = arguments if isinstance(arguments, str) else array(arguments)
        script = f"{prelude}{TURNS}SELECT * FROM pg_temp.turns({array(statements)}, {arguments}, {rounds});"
        times = [[] for _ in statements]
        for line in self.psql(script, role, database).splitlines():
            which, microseconds = line.split("\t")
            times[int(which)].append(float(microseconds))
        return [Times(samples) for samples in times]

    def pgbench(self, statement, role, arguments=None, mode="prepared", seconds=None, transactions=None, clients=1, threads=1, definitions=(), database="bench"):
        """Has pgbench send a statement, and times it from the client's side.

        With `arguments`, $1 is one of them in each transaction: a parameter in the modes that have any, a
        literal in mode simple. The first transactions, which open files and fill caches, are not counted.
        """
        with tempfile.TemporaryDirectory() as place:
            command = self._command("pgbench", role, database)
            command += ["-n", "-M", mode, "-c", str(clients), "-j", str(threads), "-l", f"--log-prefix={place}/log"]
            for name, value in dict(definitions).items():
                command += ["-D", f"{name}={value}"]
            command += ["-T", str(seconds)] if seconds else ["-t", str(transactions)]
            for number, argument in enumerate(arguments or [None]):
                script, text = pathlib.Path(place) / f"{number}.sql", statement
                if argument is not None and mode == "simple":
                    text = statement.replace("$1", literal(argument))
                elif argument is not None:
                    text = statement.replace("$1", f":argument{number}")
                    command += ["-D", f"argument{number}={argument}"]
                script.write_text(f"{text};\n")
                command += ["-f", str(script)]
            done = subprocess.run(command, capture_output=True, encoding="utf-8")
            if done.returncode:
                sys.exit(done.stderr)
            lines = [line.split() for log in pathlib.Path(place).glob("log.*") for line in log.read_text().splitlines()]
        samples = [float(line[2]) for line in lines if int(line[1]) > WARMING or transactions]
        return Load(float(re.search(r"tps = ([0-9.]+)", done.stdout)[1]), Times(samples))

    def contest(self, sides, role):
        """Runs (statement, arguments) of some sides in turns, two seconds each, five times over."""
        loads = [[] for _ in sides]
        for _ in range(5):
            for side, (statement, arguments) in enumerate(sides):
                loads[side].append(self.pgbench(statement, role, arguments, seconds=2))
        return [Load(statistics.median(load.tps for load in runs), Times(us for load in runs for us in load.times.samples)) for runs in loads]
