//! Key/value entries, references, plans and approvals under fire: 32 connections work on the same few
//! things while backends are terminated and the server crashes. Afterwards `tests/invariants.sql` compares
//! the database with its own rules and with what the connections were told.
//!
//! `FLOWAI_STATE_SEED` repeats the choices of a run, `FLOWAI_STATE_SECONDS` makes it longer.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use flowai_live::execute;
use flowai_live::random::{Random, from_environment};
use flowai_live::server::{DATABASE, Server};
use postgres::error::SqlState;
use postgres::types::ToSql;
use postgres::{Client, Error, Row};

const INVARIANTS: &str = include_str!("../../invariants.sql");
/// Rules in it.
const RULES: usize = 25;

const TENANTS: [&str; 2] = ["north", "south"];
const CONNECTIONS: usize = 32;
/// How often the server crashes.
const CRASHES: u64 = 3;
/// What the server starts with, each time.
const SETTINGS: &[&str] = &["deadlock_timeout=100ms"];
/// How long the server may be away.
const PATIENCE: Duration = Duration::from_secs(60);

/// What became of a statement.
enum Outcome<T> {
    Done(T),
    /// It changed nothing; the rule that refused it, else the SQLSTATE.
    Refused(String),
    /// The connection went: it was carried out or not.
    InDoubt,
}

use Outcome::{Done, InDoubt, Refused};

/// What the connections of a tenant were told, and what they tell each other.
#[derive(Default)]
struct Told {
    /// Additions by namespace and key: acknowledged, in doubt.
    counted: BTreeMap<(&'static str, String), (i64, i64)>,
    /// Objects for `invariants.witnessed`, as JSON.
    facts: Vec<String>,
    /// Entries to be taken, and whether somebody tried.
    takeable: BTreeMap<String, bool>,
    /// Ids of references by payload.
    handles: HashMap<usize, String>,
    plans: Vec<String>,
}

struct Fight {
    server: Server,
    seed: u64,
    over: AtomicBool,
    told: [Mutex<Told>; 2],
    done: AtomicU32,
    refused: AtomicU32,
    in_doubt: AtomicU32,
}

impl Fight {
    fn told(&self, tenant: usize) -> MutexGuard<'_, Told> {
        self.told[tenant].lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// One connection and what it does.
struct Fighter<'a> {
    fight: &'a Fight,
    number: usize,
    tenant: usize,
    random: Random,
    client: Option<Client>,
    made: u32,
}

impl<'a> Fighter<'a> {
    fn new(fight: &'a Fight, number: usize) -> Self {
        let seed = fight.seed.wrapping_mul(1000).wrapping_add(number as u64);
        let random = Random::new(seed);
        Self { fight, number, tenant: number % 2, random, client: None, made: 0 }
    }

    fn told(&self) -> MutexGuard<'a, Told> {
        self.fight.told(self.tenant)
    }

    /// A name that nobody else makes.
    fn name(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}-{}-{}", self.number, self.made)
    }

    fn connected(&mut self) -> &mut Client {
        let deadline = Instant::now() + PATIENCE;
        while self.client.as_ref().is_none_or(Client::is_closed) {
            match self.fight.server.try_connect(TENANTS[self.tenant], DATABASE) {
                Ok(client) => self.client = Some(client),
                Err(error) if Instant::now() > deadline => panic!("the server is away: {error:?}"),
                Err(_) => sleep(Duration::from_millis(20)),
            }
        }
        self.client.as_mut().expect("connected above")
    }

    /// Runs work that may be refused for these reasons: rules of ours or SQLSTATEs.
    fn attempt<T>(
        &mut self,
        what: &str,
        reasons: &[&str],
        work: impl FnOnce(&mut Client) -> Result<T, Error>,
    ) -> Outcome<T> {
        let error = match work(self.connected()) {
            Ok(value) => {
                self.fight.done.fetch_add(1, Ordering::Relaxed);
                return Done(value);
            }
            Err(error) => error,
        };
        let ended =
            [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW];
        let Some(db) = error.as_db_error().filter(|db| !ended.contains(db.code())) else {
            self.client = None;
            self.fight.in_doubt.fetch_add(1, Ordering::Relaxed);
            return InDoubt;
        };
        let reason = db.constraint().unwrap_or(db.code().code()).to_owned();
        assert!(
            reasons.contains(&reason.as_str()),
            "connection {} of seed {}: {what}: {error:?}",
            self.number,
            self.fight.seed
        );
        self.fight.refused.fetch_add(1, Ordering::Relaxed);
        Refused(reason)
    }

    fn rows(
        &mut self,
        reasons: &[&str],
        sql: &str,
        arguments: &[&(dyn ToSql + Sync)],
    ) -> Outcome<Vec<Row>> {
        self.attempt(sql, reasons, |client| client.query(sql, arguments))
    }

    /// The first column of the one row.
    fn value<T: for<'b> postgres::types::FromSql<'b>>(
        &mut self,
        reasons: &[&str],
        sql: &str,
        arguments: &[&(dyn ToSql + Sync)],
    ) -> Outcome<T> {
        self.attempt(sql, reasons, |client| Ok(client.query_one(sql, arguments)?.get(0)))
    }

    fn fact(&self, what: &str, rest: &str) {
        let tenant = TENANTS[self.tenant];
        self.told().facts.push(format!(r#"{{"what": "{what}", "tenant": "{tenant}", {rest}}}"#));
    }

    fn fight(&mut self) {
        while !self.fight.over.load(Ordering::Relaxed) {
            match self.random.below(20) {
                0 | 1 => self.increment(),
                2 | 3 => self.compare_and_set(),
                4 | 5 => self.transfer(),
                6 => self.batch(),
                7 => self.be_first(),
                8 => self.leave(),
                9 => self.take(),
                10 | 11 => self.live_briefly(),
                12 | 13 => self.refer(),
                14 => self.author(),
                15 => self.revise(),
                16 => self.decide(),
                _ => self.work(),
            }
        }
    }

    // ---------------------------------------------------------------------------- key/value

    fn count(&self, namespace: &'static str, key: &str, acknowledged: i64, in_doubt: i64) {
        let mut told = self.told();
        let sums = told.counted.entry((namespace, key.to_owned())).or_default();
        *sums = (sums.0 + acknowledged, sums.1 + in_doubt);
    }

    fn increment(&mut self) {
        let (key, by) = (format!("c{}", self.random.below(4)), self.random.between(1, 9) as i64);
        let sql = "SELECT value FROM flowai.kv_increment('counters', $1, $2)";
        match self.value::<i64>(&[], sql, &[&key, &by]) {
            Done(_) => self.count("counters", &key, by, 0),
            Refused(_) => {}
            InDoubt => self.count("counters", &key, 0, by),
        }
    }

    /// Reads a number and puts the next one, if nobody else did.
    fn compare_and_set(&mut self) {
        let key = format!("s{}", self.random.below(4));
        let read = "SELECT version, (value #>> '{}')::bigint FROM flowai.kv_get('cas', $1)";
        let Done(found) = self.rows(&[], read, &[&key]) else { return };
        let (version, value) = found.first().map_or((0, 0), |row| (row.get(0), row.get(1)));
        let (version, next): (i64, i64) = (version, value + 1);
        let put = "SELECT version FROM flowai.kv_put('cas', $1, to_jsonb($2::bigint), expected_version => $3)";
        match self.value::<i64>(&["kv_version"], put, &[&key, &next, &version]) {
            Done(_) => self.count("cas", &key, 1, 0),
            Refused(_) => {}
            InDoubt => self.count("cas", &key, 0, 1),
        }
    }

    /// From one account to another, in one transaction; accounts in order, so that nobody waits in a circle.
    fn transfer(&mut self) {
        let (from, by) = (self.random.below(5), self.random.between(1, 99) as i64);
        let by = if self.random.percent(50) { by } else { -by };
        let to = self.random.between(from + 1, 5);
        let back = self.random.percent(20);
        let sql = format!(
            "BEGIN; SELECT value FROM flowai.kv_increment('accounts', 'a{from}', -{by});
             SELECT value FROM flowai.kv_increment('accounts', 'a{to}', {by}); {}",
            if back { "ROLLBACK" } else { "COMMIT" }
        )
        .replace("--", "");
        self.attempt(&sql, &[], |client| client.batch_execute(&sql));
    }

    fn batch(&mut self) {
        let group = self.random.below(3);
        let value = self.name("batch");
        let entries =
            [2, 0, 3, 1].map(|i| format!(r#"{{"key": "b{group}.{i}", "value": "{value}"}}"#));
        let sql = format!(
            "SELECT count(*) FROM flowai.kv_put_many('batches', '[{}]')",
            entries.join(", ")
        );
        self.value::<i64>(&[], &sql, &[]);
    }

    fn be_first(&mut self) {
        let (key, value) = (format!("f{}", self.random.below(500)), self.name("first"));
        let sql = if self.random.percent(50) {
            "SELECT created FROM flowai.kv_put_if_absent('first', $1, to_jsonb($2::text))"
        } else {
            "SELECT created FROM flowai.kv_put('first', $1, to_jsonb($2::text), expected_version => 0)"
        };
        if let Done(true) = self.value(&["kv_version"], sql, &[&key, &value]) {
            self.fact(
                "first",
                &format!(r#""namespace": "first", "key": "{key}", "value": "{value}""#),
            );
        }
    }

    fn leave(&mut self) {
        let key = self.name("t");
        let sql = "SELECT created FROM flowai.kv_put('takeable', $1, '1')";
        if let Done(created) = self.value::<bool>(&[], sql, &[&key]) {
            assert!(created, "{key} was there");
            self.told().takeable.insert(key, false);
        }
    }

    fn take(&mut self) {
        let chosen = {
            let mut told = self.told();
            let count = told.takeable.len();
            // Mostly one of a few, so that several go for it at once.
            let place = if count == 0 { return } else { self.random.below(count.min(8)) };
            let Some((key, tried)) = told.takeable.iter_mut().nth(place) else { return };
            *tried = true;
            key.clone()
        };
        let sql = "SELECT flowai.kv_delete('takeable', $1)";
        if let Done(true) = self.value(&[], sql, &[&chosen]) {
            self.fact("taken", &format!(r#""namespace": "takeable", "key": "{chosen}""#));
            self.told().takeable.remove(&chosen);
        }
    }

    /// Entries that expire while others write, count, read and purge them.
    fn live_briefly(&mut self) {
        let key = format!("k{}", self.random.below(6));
        let ttl = *self.random.pick(&["1 microsecond", "1 millisecond", "7 milliseconds"]);
        let sql = match self.random.below(7) {
            0 => {
                format!("SELECT count(*) FROM flowai.kv_put('brief', '{key}', '1', ttl => '{ttl}')")
            }
            1 => format!(
                "SELECT count(*) FROM flowai.kv_put_many('brief', '[{{\"key\": \"{key}\", \"value\": 1}}, {{\"key\": \"k0x\", \"value\": 1}}]', ttl => '{ttl}')"
            ),
            2 => format!(
                "SELECT count(*) FROM flowai.kv_put_if_absent('brief', '{key}', '1', ttl => '{ttl}')"
            ),
            3 => format!(
                "SELECT count(*) FROM flowai.kv_increment('brief', '{key}', ttl => '{ttl}')"
            ),
            4 => format!(
                "SELECT count(*) FROM flowai.kv_put('brief', '{key}', '2', ttl => '{ttl}', expected_version => (SELECT version FROM flowai.kv_get('brief', '{key}')))"
            ),
            5 => format!("SELECT flowai.kv_delete('brief', '{key}')::integer::bigint"),
            _ => "SELECT flowai.kv_purge(50)".to_owned(),
        };
        self.value::<i64>(&["kv_version"], &sql, &[]);
        let seen = "SELECT count(*) FROM flowai.kv_list('brief') WHERE expires_at <= statement_timestamp()";
        if let Done(count) = self.value::<i64>(&[], seen, &[]) {
            assert_eq!(count, 0, "an entry that has expired was seen");
        }
    }

    // --------------------------------------------------------------------------- references

    fn refer(&mut self) {
        let number = self.random.below(12);
        let ttl = *self.random.pick(&[None, Some("1 millisecond"), Some("30 milliseconds")]);
        let known = self.told().handles.get(&number).cloned();
        match (self.random.below(8), known) {
            (0..=2, _) | (_, None) => {
                let sql = "SELECT id FROM flowai.ref_put('payload', jsonb_build_object('number', $1::integer,
                               'text', repeat('text ', 10 * $1)), ttl => $2::text::interval)";
                let number_given = number as i32;
                if let Done(id) = self.value::<String>(&[], sql, &[&number_given, &ttl]) {
                    let before = self.told().handles.insert(number, id.clone());
                    assert!(
                        before.is_none_or(|before| before == id),
                        "payload {number} has two ids"
                    );
                }
            }
            (3, Some(id)) => {
                let sql = "SELECT flowai.ref_delete('payload', $1)";
                self.value::<bool>(&["ref_unneeded"], sql, &[&id]);
            }
            (4, _) => {
                self.value::<i64>(&[], "SELECT flowai.ref_purge(20)", &[]);
            }
            (5, Some(id)) => {
                let sql = "SELECT flowai.ref_extend('payload', $1, $2::text::interval) IS NULL";
                self.value::<bool>(&["ref_found"], sql, &[&id, &ttl]);
            }
            (_, Some(id)) => {
                let sql = "SELECT (flowai.ref_resolve('payload', $1) ->> 'number')::integer";
                if let Done(found) = self.value::<i32>(&["ref_found"], sql, &[&id]) {
                    assert_eq!(found as usize, number, "{id} is another payload");
                }
            }
        }
    }

    // --------------------------------------------------------------------------------- plans

    fn body(&mut self) -> String {
        let steps: Vec<String> = (0..self.random.between(1, 3))
            .map(|_| {
                let number = self.random.below(12);
                let references = match self.told().handles.get(&number) {
                    Some(id) if self.random.percent(60) => {
                        format!(r#"{{"kind": "payload", "id": "{id}"}}"#)
                    }
                    _ => String::new(),
                };
                format!(r#"{{"operation": "load", "references": [{references}]}}"#)
            })
            .collect();
        let title = self.name("title");
        format!(r#"{{"title": "{title}", "steps": [{}]}}"#, steps.join(", "))
    }

    fn author(&mut self) {
        let (plan, body) = (self.name("plan"), self.body());
        let sql = "SELECT revision FROM flowai.plan_store('work', $1, $2::text::jsonb)";
        if let Done(_) = self.value::<i64>(&["plan_references_found"], sql, &[&plan, &body]) {
            self.told().plans.push(plan.clone());
            // What it uses may have expired since.
            self.value::<String>(
                &["plan_state", "plan_references_found"],
                "SELECT state FROM flowai.plan_submit($1)",
                &[&plan],
            );
        }
    }

    /// One of the latest plans.
    fn plan(&mut self) -> Option<String> {
        let told = self.told();
        let count = told.plans.len();
        (count > 0).then(|| told.plans[count - 1 - self.random.below(count.min(12))].clone())
    }

    fn revise(&mut self) {
        let Some(plan) = self.plan() else { return };
        let reasons = &["plan_state", "plan_revision", "plan_references_found"];
        match self.random.below(4) {
            0 => {
                self.value::<String>(reasons, "SELECT state FROM flowai.plan_cancel($1)", &[&plan]);
            }
            1 => {
                self.value::<String>(reasons, "SELECT state FROM flowai.plan_submit($1)", &[&plan]);
            }
            _ => {
                let body = self.body();
                let sql = "SELECT s.revision FROM flowai.plan_get($1) p,
                               flowai.plan_store('work', $1, $2::text::jsonb, expected_revision => p.revision) s";
                self.rows(reasons, sql, &[&plan, &body]);
            }
        }
    }

    fn decide(&mut self) {
        let waiting = "SELECT id::text FROM flowai.approval_inbox ORDER BY requested_at LIMIT 4";
        let Done(waiting) = self.rows(&[], waiting, &[]) else { return };
        if waiting.is_empty() {
            return;
        }
        let id: String = self.random.pick(&waiting).get(0);
        let decision =
            *self.random.pick(&["granted", "granted", "granted", "granted", "denied", "sent_back"]);
        let sql = "SELECT state FROM flowai.approval_decide($1::text::uuid, $2)";
        self.value::<String>(&["approval_open", "approval_body"], sql, &[&id, &decision]);
    }

    /// Claims a plan and does it, slower than its lease allows now and then.
    fn work(&mut self) {
        let lease = *self.random.pick(&["30 milliseconds", "200 milliseconds", "1 second"]);
        let sql = "SELECT plan, token::text, attempt FROM flowai.plan_claim(kind => 'work', lease => $1::text::interval)";
        let Done(claimed) = self.rows(&[], sql, &[&lease]) else { return };
        let Some(claimed) = claimed.first() else { return };
        let (plan, token): (String, String) = (claimed.get(0), claimed.get(1));
        let attempt: i32 = claimed.get(2);
        self.fact("claimed", &format!(r#""plan": "{plan}", "attempt": {attempt}"#));

        let sql = "SELECT jsonb_array_length(steps) FROM flowai.plan_get($1)";
        let Done(steps) = self.value::<i32>(&[], sql, &[&plan]) else { return };
        let inputs = "SELECT count(*) FROM flowai.plan_inputs($1)";
        self.value::<i64>(&["plan_references_found"], inputs, &[&plan]);
        let lost = ["plan_lease", "plan_state"];
        for step in 1..=steps {
            if self.random.percent(10) {
                sleep(Duration::from_millis(self.random.below(60) as u64));
            }
            if self.random.percent(30) {
                let sql =
                    "SELECT flowai.plan_heartbeat($1, $2::text::uuid, $3::text::interval) IS NULL";
                let Done(_) = self.value::<bool>(&lost, sql, &[&plan, &token, &lease]) else {
                    return;
                };
            }
            let sql = "SELECT flowai.plan_step_finish($1, $2::text::uuid, $3)";
            let reasons = ["plan_lease", "plan_state", "plan_step_state"];
            match self.value::<String>(&reasons, sql, &[&plan, &token, &step]) {
                Done(state) => {
                    let fact =
                        format!(r#""plan": "{plan}", "step_no": {step}, "state": "{state}""#);
                    self.fact("stepped", &fact);
                }
                // An earlier worker did it before its lease was over.
                Refused(rule) if rule == "plan_step_state" => {}
                _ => return,
            }
        }
        let sql = if self.random.percent(15) {
            "SELECT state FROM flowai.plan_fail($1, $2::text::uuid, '\"no luck\"')"
        } else {
            "SELECT state FROM flowai.plan_finish($1, $2::text::uuid, '\"well done\"')"
        };
        if let Done(state) = self.value::<String>(&lost, sql, &[&plan, &token]) {
            self.fact("ended", &format!(r#""plan": "{plan}", "state": "{state}""#));
        }
    }
}

/// Terminates backends of the fighters until the time is over; returns how many.
fn terminate(fight: &Fight, random: &mut Random, time: Duration) -> usize {
    let mut superuser = fight.server.connect("postgres", DATABASE);
    let (end, mut terminated) = (Instant::now() + time, 0);
    while Instant::now() < end && !fight.over.load(Ordering::Relaxed) {
        sleep(Duration::from_millis(random.between(5, 40) as u64));
        let victims = superuser
            .query(
                "SELECT pid FROM pg_stat_activity WHERE usename = ANY ($1) ORDER BY pid",
                &[&TENANTS.map(str::to_owned).to_vec()],
            )
            .expect("activity");
        if let Some(victim) = victims.get(random.below(CONNECTIONS)) {
            let pid: i32 = victim.get(0);
            let done = superuser.query_one("SELECT pg_terminate_backend($1)", &[&pid]);
            terminated += usize::from(done.expect("terminate").get::<_, bool>(0));
        }
    }
    terminated
}

/// Everything the connections were told, for `invariants.witnessed`.
fn witnessed(fight: &Fight) -> String {
    let mut facts = Vec::new();
    for (number, tenant) in TENANTS.iter().enumerate() {
        let told = fight.told(number);
        let fact = |what: &str, rest: String| {
            format!(r#"{{"what": "{what}", "tenant": "{tenant}", {rest}}}"#)
        };
        facts.extend(told.facts.iter().cloned());
        facts.extend(told.counted.iter().map(|((namespace, key), (acknowledged, in_doubt))| {
            fact("counted", format!(r#""namespace": "{namespace}", "key": "{key}", "acknowledged": {acknowledged}, "in_doubt": {in_doubt}"#))
        }));
        facts.extend(
            told.takeable.iter().filter(|(_, tried)| !**tried).map(|(key, _)| {
                fact("kept", format!(r#""namespace": "takeable", "key": "{key}""#))
            }),
        );
        facts.push(fact("balanced", r#""namespace": "accounts""#.to_owned()));
        facts.extend((0..3).map(|group| {
            fact("together", format!(r#""namespace": "batches", "prefix": "b{group}.""#))
        }));
    }
    format!("[{}]", facts.join(","))
}

/// Runs the rules; those that are broken, each with an example.
fn broken_rules(superuser: &mut Client, witnessed: &str) -> Vec<String> {
    superuser
        .execute("SELECT set_config('invariants.witnessed', $1, false)", &[&witnessed])
        .expect("set_config");
    let rules = superuser.query(INVARIANTS, &[]).expect("tests/invariants.sql runs");
    assert_eq!(rules.len(), RULES, "a rule had nothing to look at");
    let broken = rules.iter().filter(|rule| rule.get::<_, i64>(2) > 0);
    broken
        .map(|rule| {
            let (checked, violations): (i64, i64) = (rule.get(1), rule.get(2));
            let (name, example): (String, String) = (rule.get(0), rule.get(3));
            format!("{name}: {violations} of {checked}, as {example}")
        })
        .collect()
}

/// What somebody might do to the tables, and the beginning of a rule that must tell. Checks and foreign
/// keys, which would refuse some of it, are taken away or asleep.
const DAMAGE: [(&str, &str); 18] = [
    (
        "UPDATE flowai.kv_entries SET version = 0 WHERE namespace = 'cas' AND key = 's0'",
        "kv: versions",
    ),
    (
        "DELETE FROM flowai.ref_payloads WHERE id = (SELECT min(id) FROM flowai.ref_payloads)",
        "refs: each",
    ),
    ("UPDATE flowai.ref_payloads SET expires_at = '2020-01-01'", "refs: each"),
    ("DELETE FROM flowai.refs", "refs: what an unfinished plan uses"),
    (
        "DELETE FROM flowai.plan_transitions WHERE (plan_id, transition_no) = (SELECT plan_id, 2 FROM flowai.plan_transitions WHERE transition_no = 3 LIMIT 1)",
        "plans: the history",
    ),
    ("UPDATE flowai.plans SET transitions = transitions + 1", "plans: the history"),
    (
        "UPDATE flowai.plan_transitions SET to_state = from_state WHERE transition_no = 1",
        "plans: every move",
    ),
    (
        "UPDATE flowai.plans SET attempt = attempt + 1 WHERE state = 'succeeded'",
        "plans: each attempt",
    ),
    ("UPDATE flowai.plans SET finished_at = NULL WHERE state = 'succeeded'", "plans: times"),
    (
        "UPDATE flowai.plans SET lease_hash = sha256('one') WHERE state = 'succeeded'",
        "plans: no two",
    ),
    ("DELETE FROM flowai.plan_steps WHERE step_no = 1", "plans: steps"),
    (
        "UPDATE flowai.plans SET body_hash = sha256('other') WHERE state = 'succeeded'",
        "approvals: what may run",
    ),
    (
        "UPDATE flowai.approvals SET decision = 'denied' WHERE decision = 'granted'",
        "approvals: every decision",
    ),
    ("UPDATE flowai.plans SET revision = revision + 1", "approvals: one is open"),
    ("DELETE FROM flowai.events WHERE name = 'flowai.plan.claimed'", "events: every move"),
    ("DELETE FROM flowai.events WHERE name = 'flowai.approval.granted'", "events: every decision"),
    (
        "UPDATE flowai.kv_entries SET value = to_jsonb((value #>> '{}')::bigint - 1) WHERE namespace IN ('cas', 'accounts')",
        "witnessed: no addition",
    ),
    (
        "DELETE FROM flowai.plan_transitions WHERE to_state = 'succeeded'",
        "events: nothing was told",
    ),
];

/// The rules notice what they are for. Everything is undone.
fn assert_damage_is_noticed(superuser: &mut Client, witnessed: &str) {
    execute(
        superuser,
        "BEGIN;
         DO $$
         DECLARE rule record;
         BEGIN
             FOR rule IN SELECT conrelid::regclass AS name, conname FROM pg_constraint
                         WHERE contype = 'c' AND connamespace = 'flowai'::regnamespace AND conrelid <> 0 AND coninhcount = 0
             LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rule.name, rule.conname); END LOOP;
         END $$;
         SET LOCAL session_replication_role = replica",
    );
    for (damage, rule) in DAMAGE {
        execute(superuser, &format!("SAVEPOINT before; {damage}"));
        let broken = broken_rules(superuser, witnessed);
        assert!(broken.iter().any(|line| line.starts_with(rule)), "{damage}: {broken:?}");
        execute(superuser, "ROLLBACK TO before");
    }
    execute(superuser, "ROLLBACK");
}

#[test]
fn nothing_is_lost_and_nothing_done_twice() {
    let clock =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock");
    let seed = from_environment("FLOWAI_STATE_SEED", clock.as_secs());
    let seconds = from_environment("FLOWAI_STATE_SECONDS", 12);
    println!("FLOWAI_STATE_SEED={seed}");
    let fight = Fight {
        server: Server::start("state", SETTINGS),
        seed,
        over: AtomicBool::new(false),
        told: Default::default(),
        done: AtomicU32::new(0),
        refused: AtomicU32::new(0),
        in_doubt: AtomicU32::new(0),
    };
    drop(fight.server.create_database(&TENANTS));
    for tenant in TENANTS {
        execute(
            &mut fight.server.connect(tenant, DATABASE),
            "SELECT flowai.ref_kind_define('payload'), flowai.plan_kind_define('work', '{}')",
        );
    }

    let mut random = Random::new(seed);
    let mut terminated = 0;
    scope(|scope| {
        /// Ends the fight when a connection finds something wrong, so that the test can say so.
        struct Ends<'a>(&'a AtomicBool);
        impl Drop for Ends<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let fighters: Vec<_> = (0..CONNECTIONS)
            .map(|number| {
                let fight = &fight;
                scope.spawn(move || {
                    let _ends = Ends(&fight.over);
                    Fighter::new(fight, number).fight();
                })
            })
            .collect();
        let piece = Duration::from_millis(seconds * 1000 / (CRASHES + 1));
        for crash in 0..=CRASHES {
            terminated += terminate(&fight, &mut random, piece);
            if crash < CRASHES && !fight.over.load(Ordering::Relaxed) {
                fight.server.crash(SETTINGS);
            }
        }
        let early = fight.over.swap(true, Ordering::Relaxed);
        for fighter in fighters {
            if let Err(panic) = fighter.join() {
                std::panic::resume_unwind(panic);
            }
        }
        assert!(!early, "the fight ended early");
    });

    println!(
        "{} statements done, {} refused, {} in doubt; {terminated} backends terminated, {CRASHES} crashes",
        fight.done.load(Ordering::Relaxed),
        fight.refused.load(Ordering::Relaxed),
        fight.in_doubt.load(Ordering::Relaxed)
    );
    assert!(terminated > 0 && fight.in_doubt.load(Ordering::Relaxed) > 0, "there was no fight");
    let log = fight.server.log();
    assert!(
        !log.contains("PANIC") && !log.contains("signal 11"),
        "the server's log tells of a fault"
    );
    let witnessed = witnessed(&fight);
    let mut superuser = fight.server.connect("postgres", DATABASE);
    assert_eq!(broken_rules(&mut superuser, &witnessed), [""; 0]);
    assert_damage_is_noticed(&mut superuser, &witnessed);
    // The same after one more crash: what was read was not only in memory.
    drop(superuser);
    fight.server.crash(SETTINGS);
    let mut superuser = fight.server.connect("postgres", DATABASE);
    assert_eq!(broken_rules(&mut superuser, &witnessed), [""; 0]);

    // Every payload that is there is the one of its id.
    for tenant in TENANTS {
        let mut client = fight.server.connect(tenant, DATABASE);
        execute(&mut client, "SELECT flowai.ref_extend(kind, id) FROM flowai.ref_list()");
        let sql = "SELECT count(flowai.ref_resolve(kind, id)) = count(*) FROM flowai.ref_list()";
        let all = client.query_one(sql, &[]).expect("every reference resolves");
        assert!(all.get::<_, bool>(0));
    }
}
