//! Who the tenant is.
//!
//! Authority is a row of `flowai_internal.tenant_members`, looked up for the *outer* user (login role
//! or SET ROLE target), so that no SECURITY DEFINER function can lend its owner's tenants. The setting
//! `flowai.tenant` only selects among the tenants that the role has.
//!
//! Speed comes from two things. The answer is cached per (outer role, selector) until an invalidation
//! message says that members, roles or role grants changed. And a planner support function folds
//! `flowai.current_tenant()` to a constant in policies, so that partitions are pruned at plan time; the
//! policy's second half, `flowai.tenant_is`, asks again at run time, so a folded plan never outlives its
//! tenant.

use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::rc::Rc;

use flowai_core::{Error, Kind, Result};
use pgrx::{FromDatum, IntoDatum, pg_guard, pg_sys};

use super::guc;

/// What decides the tenant of a statement.
#[derive(Clone)]
struct Binding {
    outer: pg_sys::Oid,
    selector: Rc<str>,
    tenant: Option<Rc<str>>,
    /// What a blank selector gives this role: its only direct membership, if it has exactly one.
    default: Option<Rc<str>>,
}

thread_local! {
    static BINDING: RefCell<Option<Binding>> = const { RefCell::new(None) };
    /// The tenant that this transaction has used, and the transaction.
    static USED: RefCell<Option<(u32, Rc<str>)>> = const { RefCell::new(None) };
    /// The tenant that cached plans may have been folded for.
    static FOLDED: RefCell<Option<Rc<str>>> = const { RefCell::new(None) };
    /// Set while our own SPI floor plans: it drops foreign plans first, see [`refresh`].
    static TRUSTED: Cell<bool> = const { Cell::new(false) };
    static MEMBERS: Cell<Option<Members>> = const { Cell::new(None) };
    /// Counts the invalidation messages. A look-up hears of some on its way, when what it answers is not yet
    /// there to be dropped: then it must not be kept.
    static NEWS: Cell<u64> = const { Cell::new(0) };
    static ACTING: RefCell<Option<Acting>> = const { RefCell::new(None) };
    /// The tenants that lost a member in this transaction, and the transaction.
    static SHUT: RefCell<(u32, Vec<String>)> = const { RefCell::new((0, Vec::new())) };
}

/// The tenant that an administrative function of ours works on, although nobody is a member of it.
struct Acting {
    tenant: Rc<str>,
    transaction: u32,
    subtransaction: pg_sys::SubTransactionId,
}

/// The relations of the membership look-up.
#[derive(Clone, Copy)]
struct Members {
    table: pg_sys::Oid,
    by_tenant: pg_sys::Oid,
    by_member: pg_sys::Oid,
}

const COLUMN_TENANT: i16 = 1;
const COLUMN_MEMBER: i16 = 2;

/// The tenant in force, or `None`: then reads see nothing and writes are refused.
pub(crate) fn current() -> Result<Option<Rc<str>>> {
    // A statement that locks nothing new hears of no revocation by itself. Without news this is a look
    // at one flag in shared memory.
    // SAFETY: allowed wherever a lock may be taken, and so in planner and executor.
    unsafe { pg_sys::AcceptInvalidationMessages() };
    if let Some(tenant) = acting() {
        forget_plans_of_others(&tenant);
        return Ok(Some(tenant));
    }
    let outer = outer_user();
    let cached = BINDING.with_borrow(|binding| {
        binding
            .as_ref()
            .filter(|b| b.outer == outer && guc::tenant_selector_is(&b.selector))
            .map(|b| b.tenant.clone())
    });
    let tenant = match cached {
        Some(tenant) => tenant,
        None => resolve(outer)?,
    };
    if let Some(tenant) = &tenant {
        use_in_transaction(tenant)?;
        forget_plans_of_others(tenant);
    }
    Ok(tenant)
}

/// The tenant in force, or the error that says why there is none.
pub(crate) fn required() -> Result<Rc<str>> {
    current()?.ok_or_else(|| {
        Error::new(Kind::Forbidden, "tenant_required", "no tenant is in force")
            .detail(format!("Role \"{}\" is bound to no tenant, or to several and flowai.tenant is not set.", role_name(outer_user())))
            .hint("Ask an administrator for flowai.tenant_grant(tenant, role), or choose one of your tenants with flowai.use_tenant(tenant).")
    })
}

/// A cursor WITH HOLD keeps its rows after the transaction that they were read in: they are read when it
/// commits, whatever tenant is chosen by then, and the next transaction may work for another. So which
/// tenant is in force now says nothing; how many there can be does.
pub(crate) fn may_hold_cursor() -> Result<()> {
    let outer = outer_user();
    // SAFETY: a plain read of a backend variable.
    let login = unsafe { pg_sys::GetSessionUserId() };
    if !has_several_tenants(outer, login)? {
        return Ok(());
    }
    Err(Error::new(
        Kind::Forbidden,
        "cursor_within_transaction",
        "a role of several tenants may not declare a cursor WITH HOLD",
    )
    .detail("Its rows of one tenant would be there for the next transaction, which may work for another. A tenant of a group counts, and so does one of a role that the login role may SET ROLE to.")
    .hint("Leave WITH HOLD out and fetch within the transaction."))
}

/// Whether the session can work for more than one tenant as it is, or after a SET ROLE.
fn has_several_tenants(outer: pg_sys::Oid, login: pg_sys::Oid) -> Result<bool> {
    // These can read everything anyway. Of whoever logged in as one of them, the role that they chose counts.
    if is_outside(outer) {
        return Ok(false);
    }
    let others = !is_outside(login);
    let mut first: Option<Rc<str>> = None;
    let mut several = false;
    scan(Lookup::All, |tenant, member| {
        if first.as_deref() == Some(tenant) {
            return true;
        }
        // SAFETY: cached membership tests; of a dropped role nobody is a member.
        let possible = unsafe {
            pg_sys::is_member_of_role(outer, member)
                || others && pg_sys::is_member_of_role(login, member)
        };
        if possible {
            several = first.is_some();
            first.get_or_insert_with(|| Rc::from(tenant));
        }
        !several
    })?;
    Ok(several)
}

/// Whether `tenant` is the one in force.
pub(crate) fn is_current(tenant: &str) -> Result<bool> {
    Ok(current()?.is_some_and(|t| &*t == tenant))
}

/// The role whose tenants count: the login role, or what SET ROLE chose.
pub(crate) fn outer_user() -> pg_sys::Oid {
    // SAFETY: a plain read of a backend variable.
    unsafe { pg_sys::GetOuterUserId() }
}

/// The name of the role whose tenants count: how it signs what it does.
pub(crate) fn outer_name() -> String {
    role_name(outer_user())
}

/// The name of the role that logged in.
pub(crate) fn login_name() -> String {
    // SAFETY: a plain read of a backend variable.
    role_name(unsafe { pg_sys::GetSessionUserId() })
}

/// A role's name; a dropped role shows as its number.
pub(crate) fn role_name(role: pg_sys::Oid) -> String {
    // SAFETY: returns a palloc'd name or NULL when told to tolerate a missing role.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        if name.is_null() {
            return role.to_string();
        }
        CStr::from_ptr(name).to_string_lossy().into_owned()
    }
}

/// Called before a cached plan of our own is fetched: if the tenant changed without a SET (SET ROLE, a
/// membership granted or revoked), plans folded for the other one are dropped first.
pub(crate) fn refresh() -> Result<()> {
    current().map(drop)
}

/// While the guard lives, plans made are known to be preceded by [`refresh`].
pub(crate) fn trust_plans() -> TrustedPlans {
    TrustedPlans(TRUSTED.replace(true))
}

/// Whether a statement of our own floor is being planned.
pub(super) fn plans_are_trusted() -> bool {
    TRUSTED.get()
}

/// See [`trust_plans`].
pub(crate) struct TrustedPlans(bool);

impl Drop for TrustedPlans {
    fn drop(&mut self) {
        TRUSTED.set(self.0);
    }
}

/// Puts a tenant in force whatever the role is, or ends that. For administrative functions of ours, which
/// nobody can call who is not flowai_admin, and which run no code but our own meanwhile.
///
/// If an error ends the function, it is over with the subtransaction that it was begun in.
pub(crate) fn act_for(tenant: Option<&str>) {
    ACTING.set(tenant.map(|tenant| Acting {
        tenant: Rc::from(tenant),
        transaction: local_transaction(),
        // SAFETY: a plain read of a backend variable.
        subtransaction: unsafe { pg_sys::GetCurrentSubTransactionId() },
    }));
}

/// Puts a tenant in force while `work` goes on, whatever the role is, and then what was in force before.
/// For administrative functions, see [`act_for`].
pub(crate) fn acting_for<T>(tenant: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    /// Puts the earlier one back on every way out.
    struct Before(Option<Acting>);
    impl Drop for Before {
        fn drop(&mut self) {
            ACTING.set(self.0.take());
        }
    }
    let before = Before(ACTING.take());
    act_for(Some(tenant));
    let result = work();
    drop(before);
    result
}

/// Remembers that this transaction has taken a member from a tenant: until it commits, the member may write.
pub(crate) fn note_member_gone(tenant: &str) {
    let transaction = local_transaction();
    SHUT.with_borrow_mut(|(noted, tenants)| {
        if *noted != transaction {
            *noted = transaction;
            tenants.clear();
        }
        tenants.push(tenant.to_owned());
    });
}

/// Whether this transaction has taken a member from a tenant, be it that it took that back since.
pub(crate) fn member_went_here(tenant: &str) -> bool {
    SHUT.with_borrow(|(noted, tenants)| {
        *noted == local_transaction() && tenants.iter().any(|gone| gone == tenant)
    })
}

fn acting() -> Option<Rc<str>> {
    ACTING.with_borrow(|acting| {
        let acting = acting.as_ref()?;
        // SAFETY: walks the backend's own stack of subtransactions.
        let lives = acting.transaction == local_transaction()
            && unsafe { pg_sys::SubTransactionIsActive(acting.subtransaction) };
        lives.then(|| acting.tenant.clone())
    })
}

/// Looks the tenant up, and once more if roles or members changed meanwhile: what was read before the change
/// neither is the answer nor stays.
fn resolve(outer: pg_sys::Oid) -> Result<Option<Rc<str>>> {
    loop {
        let heard = NEWS.get();
        let binding = look_up(outer);
        if NEWS.get() == heard {
            let binding = binding?;
            let tenant = binding.tenant.clone();
            BINDING.set(Some(binding));
            return Ok(tenant);
        }
    }
}

fn look_up(outer: pg_sys::Oid) -> Result<Binding> {
    let selector = guc::tenant_selector();
    let default = default_of(outer)?;
    let tenant = if selector.is_empty() {
        default.clone()
    } else if default.as_deref() == Some(&*selector) || is_member(outer, &selector)? {
        Some(selector.clone())
    } else {
        return Err(Error::new(
            Kind::Forbidden,
            "tenant_not_yours",
            format!("role \"{}\" may not use tenant \"{selector}\"", role_name(outer)),
        )
        .detail("The setting flowai.tenant selects among the tenants that a role is a member of.")
        .hint(
            "Ask an administrator for flowai.tenant_grant(tenant, role), or RESET flowai.tenant.",
        ));
    };
    Ok(Binding { outer, selector, tenant, default })
}

/// One transaction works for one tenant: what it has read for one must not be written for another.
fn use_in_transaction(tenant: &Rc<str>) -> Result<()> {
    let transaction = local_transaction();
    USED.with_borrow_mut(|used| match used {
        Some((id, other)) if *id == transaction && **other != **tenant => Err(Error::new(
            Kind::TenantChanged,
            "tenant_once_per_transaction",
            format!("this transaction already works for tenant \"{other}\""),
        )
        .detail(format!("It cannot go on as tenant \"{tenant}\"."))
        .hint("Finish the transaction with COMMIT or ROLLBACK, then choose the other tenant.")),
        Some((id, _)) if *id == transaction => Ok(()),
        _ => {
            *used = Some((transaction, tenant.clone()));
            Ok(())
        }
    })
}

fn local_transaction() -> u32 {
    // SAFETY: MyProc is set in every backend that runs SQL.
    unsafe {
        #[cfg(any(feature = "pg15", feature = "pg16"))]
        return (*pg_sys::MyProc).lxid;
        #[cfg(any(feature = "pg17", feature = "pg18"))]
        return (*pg_sys::MyProc).vxid.lxid;
    }
}

/// Superusers and BYPASSRLS roles are outside the model: row-level security does not bind them, so
/// no tenant may be taken for granted in what they read.
pub(super) fn is_outside(role: pg_sys::Oid) -> bool {
    // SAFETY: syscache look-ups.
    unsafe { pg_sys::superuser_arg(role) || pg_sys::has_bypassrls_privilege(role) }
}

fn default_of(outer: pg_sys::Oid) -> Result<Option<Rc<str>>> {
    if is_outside(outer) {
        return Ok(None);
    }
    let mut only: Option<Rc<str>> = None;
    let mut count = 0;
    scan(Lookup::Member(outer), |tenant, _| {
        count += 1;
        only = Some(Rc::from(tenant));
        count < 2
    })?;
    Ok(if count == 1 { only } else { None })
}

fn is_member(outer: pg_sys::Oid, tenant: &str) -> Result<bool> {
    if is_outside(outer) {
        return Ok(false);
    }
    let mut found = false;
    scan(Lookup::Tenant(tenant), |_, member| {
        // SAFETY: a cached membership test; the member role may have been dropped, then its OID is
        // held by nobody and the test is false.
        found = unsafe { pg_sys::has_privs_of_role(outer, member) };
        !found
    })?;
    Ok(found)
}

enum Lookup<'a> {
    All,
    Tenant(&'a str),
    Member(pg_sys::Oid),
}

/// Index scan over the members, in order of tenants or of one role; `visit` returns whether to go on. No
/// SPI: this runs inside policies, in the planner and in parallel workers, a hundred thousand times a second.
fn scan(lookup: Lookup, mut visit: impl FnMut(&str, pg_sys::Oid) -> bool) -> Result<()> {
    let Some(members) = members() else { return Ok(()) };
    // SAFETY: relation, scan key and scan are opened and closed here in order; on an error the
    // transaction's abort closes them. The tuple is valid until the next systable_getnext.
    unsafe {
        let mut key = pg_sys::ScanKeyData::default();
        let (index, keys) = match lookup {
            Lookup::All => (members.by_tenant, 0),
            Lookup::Tenant(tenant) => {
                let Some(value) = tenant.into_datum() else { return Ok(()) };
                pg_sys::ScanKeyInit(
                    &mut key,
                    COLUMN_TENANT,
                    pg_sys::BTEqualStrategyNumber as u16,
                    pg_sys::Oid::from(pg_sys::F_TEXTEQ),
                    value,
                );
                (members.by_tenant, 1)
            }
            Lookup::Member(member) => {
                pg_sys::ScanKeyInit(
                    &mut key,
                    COLUMN_MEMBER,
                    pg_sys::BTEqualStrategyNumber as u16,
                    pg_sys::Oid::from(pg_sys::F_OIDEQ),
                    member.into(),
                );
                (members.by_member, 1)
            }
        };
        let relation = pg_sys::table_open(members.table, pg_sys::AccessShareLock as i32);
        let scan =
            pg_sys::systable_beginscan(relation, index, true, std::ptr::null_mut(), keys, &mut key);
        loop {
            let tuple = pg_sys::systable_getnext(scan);
            if tuple.is_null() {
                break;
            }
            let column = |number: i16| {
                let mut null = false;
                pg_sys::heap_getattr(tuple, i32::from(number), (*relation).rd_att, &mut null)
            };
            let tenant = String::from_datum(column(COLUMN_TENANT), false)
                .ok_or_else(|| Error::internal("a membership without tenant"))?;
            let member = pg_sys::Oid::from_datum(column(COLUMN_MEMBER), false)
                .ok_or_else(|| Error::internal("a membership without member"))?;
            if !visit(&tenant, member) {
                break;
            }
        }
        pg_sys::systable_endscan(scan);
        pg_sys::table_close(relation, pg_sys::AccessShareLock as i32);
    }
    Ok(())
}

/// The membership relations, or `None` where the extension is not installed.
fn members() -> Option<Members> {
    if let Some(members) = MEMBERS.get() {
        return Some(members);
    }
    let heard = NEWS.get();
    // SAFETY: catalog look-ups by name; the names belong to the extension's own schema, in which
    // nobody else can create anything.
    let members = unsafe {
        let schema = pg_sys::get_namespace_oid(c"flowai_internal".as_ptr(), true);
        let relation = |name: &CStr| {
            let oid = pg_sys::get_relname_relid(name.as_ptr(), schema);
            (oid != pg_sys::InvalidOid).then_some(oid)
        };
        Members {
            table: relation(c"tenant_members")?,
            by_tenant: relation(c"tenant_members_pkey")?,
            by_member: relation(c"tenant_members_member_idx")?,
        }
    };
    if NEWS.get() == heard {
        MEMBERS.set(Some(members));
    }
    Some(members)
}

/// Tells every session that members have changed, when the transaction commits.
pub(crate) fn announce_change() {
    if let Some(members) = members() {
        // SAFETY: queues an invalidation message that is sent at commit and applied locally at the
        // end of the command.
        unsafe { pg_sys::CacheInvalidateRelcacheByRelid(members.table) };
    }
}

// ---------------------------------------------------------------------------------------- plans

/// Plans hold the tenant as a constant. When another one comes into force they are planned anew; the
/// same tenant again, as in a pool that sends SET LOCAL in every transaction, costs nothing.
fn forget_plans_of_others(tenant: &str) {
    let foreign = FOLDED.with_borrow(|f| f.as_deref().is_some_and(|f| f != tenant));
    if foreign {
        forget_plans();
    }
}

fn forget_plans() {
    FOLDED.set(None);
    // SAFETY: marks cached plans invalid; plans that are running keep their reference.
    unsafe { pg_sys::ResetPlanCache() };
}

/// The assign hook's part: `selector` is about to become the value of `flowai.tenant`.
///
/// Looks nothing up, because settings change outside transactions too. A blank selector means the
/// role's default; where that is not known, plans go.
pub(crate) fn selector_changes(selector: &str) {
    let Some(folded) = FOLDED.with_borrow(Clone::clone) else { return };
    let keep = if selector.is_empty() {
        let outer = outer_user();
        BINDING.with_borrow(|b| match b {
            Some(b) if b.outer == outer => b.default.as_ref().is_none_or(|d| *d == folded),
            _ => false,
        })
    } else {
        *selector == *folded
    };
    if !keep {
        forget_plans();
    }
}

/// Replaces `flowai.current_tenant()` by its value while a query with row-level security is planned.
///
/// Not where no tenant is in force (the plan would say "never" for ever), and not inside somebody
/// else's SECURITY DEFINER function: the server does not replan its statements when the outer role
/// changes. Our own floor asks [`refresh`] first.
///
/// # Safety
/// `request` is the node that the planner passed to a support function.
pub(crate) unsafe fn simplify(request: *mut pg_sys::Node) -> Result<*mut pg_sys::Node> {
    let none = std::ptr::null_mut();
    // SAFETY: the node tag says what the pointer is; root and parse are the planner's own.
    unsafe {
        if (*request).type_ != pg_sys::NodeTag::T_SupportRequestSimplify {
            return Ok(none);
        }
        let root = (*request.cast::<pg_sys::SupportRequestSimplify>()).root;
        if root.is_null() || (*root).parse.is_null() || !(*(*root).parse).hasRowSecurity {
            return Ok(none);
        }
        if pg_sys::GetUserId() != pg_sys::GetOuterUserId() && !TRUSTED.get() {
            return Ok(none);
        }
        let Some(tenant) = current()? else { return Ok(none) };
        let Some(value) = (*tenant).into_datum() else { return Ok(none) };
        FOLDED.set(Some(tenant));
        Ok(pg_sys::makeConst(
            pg_sys::TEXTOID,
            -1,
            pg_sys::DEFAULT_COLLATION_OID,
            -1,
            value,
            false,
            false,
        )
        .cast())
    }
}

// --------------------------------------------------------------------------------- invalidation

/// Registers what drops the cached answer. Called once, when the library is loaded.
pub(crate) fn init() {
    // SAFETY: callbacks stay registered for the backend's life; they touch thread-locals only.
    unsafe {
        pg_sys::CacheRegisterRelcacheCallback(Some(on_relation), pg_sys::Datum::from(0));
        for cache in
            [pg_sys::SysCacheIdentifier::AUTHOID, pg_sys::SysCacheIdentifier::AUTHMEMMEMROLE]
        {
            pg_sys::CacheRegisterSyscacheCallback(
                cache as i32,
                Some(on_role),
                pg_sys::Datum::from(0),
            );
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_relation(_arg: pg_sys::Datum, relation: pg_sys::Oid) {
    NEWS.set(NEWS.get().wrapping_add(1));
    // InvalidOid stands for all relations. Before the first look-up there is nothing to drop.
    let ours = MEMBERS.get().is_some_and(|m| m.table == relation);
    if ours || relation == pg_sys::InvalidOid {
        MEMBERS.set(None);
        forget();
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_role(_arg: pg_sys::Datum, _cache: i32, _hash: u32) {
    NEWS.set(NEWS.get().wrapping_add(1));
    forget();
}

fn forget() {
    if BINDING.take().is_some() && FOLDED.with_borrow(Option::is_some) {
        forget_plans();
    }
}
