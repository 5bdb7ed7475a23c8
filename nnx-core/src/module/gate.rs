//! Who is at a node.

use super::node::Arrival;
use super::waits::{self, LOOK_AGAIN, Threads, thread};
use crate::xla::is_in_callback;
use smallvec::SmallVec;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock};

/// Who is at a node: threads that hold it for reading, one that holds it for writing, or a call that
/// it is lent to. Other than the locks of the standard library it knows the threads, so that a wait
/// of a thread for itself, or of threads for each other, is an error and no standstill.
#[derive(Default)]
pub struct Gate {
    /// 0 if nobody is there, or the thread that holds the node alone, with [`LENT`] if it is lent to a
    /// call. With [`LISTED`], the list says more. Without it the list is empty: a call comes and goes
    /// by this word alone.
    state: AtomicU64,
    /// The node's number in the call that it is lent to.
    number: AtomicUsize,
    /// Made when first needed, and not inside: what many nodes cost a call is the memory that they lie in.
    crowd: OnceLock<Box<Crowd>>,
}

#[derive(Default)]
struct Crowd {
    holders: Mutex<Holders>,
    left: Condvar,
}

#[derive(Default)]
struct Holders {
    readers: SmallVec<[u64; 2]>,
    /// The thread that holds the node for writing, or whose calls the node is lent to.
    owner: u64,
    /// How many calls, one inside another, the node is lent to.
    calls: usize,
    /// How many threads wait until others leave.
    waiting: usize,
}

impl Holders {
    fn is_empty(&self) -> bool {
        self.readers.is_empty() && self.owner == 0 && self.waiting == 0
    }

    /// The threads here but `me`.
    fn others(&self, me: u64) -> Threads {
        let owner = (self.owner != 0).then_some(self.owner);
        self.readers.iter().copied().chain(owner).filter(|&thread| thread != me).collect()
    }

    /// Why thread `me` cannot read now.
    fn keep_from_reading(&self, me: u64) -> Option<Busy> {
        match self.owner {
            0 => None,
            owner if owner != me => Some(Busy::Elsewhere),
            _ => (self.calls == 0).then_some(Busy::Guard),
        }
    }
}

/// A thread at a gate, which it leaves when this is dropped.
pub(super) struct AtGate<'g> {
    gate: &'g Gate,
    writes: bool,
}

impl Drop for AtGate<'_> {
    fn drop(&mut self) {
        if self.writes { self.gate.leave(None) } else { self.gate.leave_read() }
    }
}

/// Marks a thread's number as that of one whose calls a node is lent to.
const LENT: u64 = 1 << 63;
/// Marks the number of a node that an operation on a whole tree has, rather than a call.
pub(super) const HELD: usize = 1 << (usize::BITS - 1);
/// Marks the state of a gate whose list counts.
const LISTED: u64 = 1 << 62;

/// Why a node is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Busy {
    /// This thread has a guard of it.
    Guard,
    /// It is lent to a call of this thread.
    Call,
    /// Another thread holds it.
    Elsewhere,
    /// Another thread holds it, and waits for this one.
    Circle,
    /// A callback wants it, and another thread has it, which may wait for the callback's run.
    Callback,
    /// It is in an argument of the function that is being traced, which captured it too.
    Captured,
    /// A jitted closure captured it.
    Closure,
}

impl Gate {
    fn crowd(&self) -> &Crowd {
        self.crowd.get_or_init(Box::default)
    }

    /// The list, with everybody who is there. [`note`](Gate::note) ends it.
    fn lock(&self) -> MutexGuard<'_, Holders> {
        // No code that could panic runs under the lock.
        let mut holders = self.crowd().holders.lock().unwrap_or_else(|e| e.into_inner());
        let state = self.state.fetch_or(LISTED, Acquire);
        if state & LISTED == 0 {
            holders.owner = state & !LENT;
            holders.calls = usize::from(state & LENT != 0);
        }
        holders
    }

    /// Lets the owner be asked without the lock, and calls come without it once the list is empty.
    fn note(&self, holders: &Holders) {
        let lent = if holders.calls > 0 { LENT } else { 0 };
        let listed = if holders.is_empty() { 0 } else { LISTED };
        self.state.store(holders.owner | lent | listed, Release);
    }

    /// Notes that a holder left.
    fn notify(&self, holders: MutexGuard<'_, Holders>) {
        let waited_for = holders.waiting > 0;
        self.note(&holders);
        drop(holders);
        // Costs a call of the system.
        if waited_for {
            waits::left(self.address());
            self.crowd().left.notify_all();
        }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Waits while `busy` says that another thread is in the way, then lets `enter` in.
    fn wait(
        &self,
        busy: impl Fn(&Holders, u64) -> Option<Busy>,
        enter: impl FnOnce(&mut Holders, u64),
    ) -> Result<(), Busy> {
        let me = thread();
        let mut holders = self.lock();
        loop {
            match busy(&holders, me) {
                None => break,
                Some(Busy::Elsewhere) if is_in_callback() => {
                    self.note(&holders);
                    return Err(Busy::Callback);
                }
                Some(Busy::Elsewhere) => {
                    if !waits::begin(me, self.address(), holders.others(me)) {
                        self.note(&holders);
                        return Err(Busy::Circle);
                    }
                    holders.waiting += 1;
                    // A reader may come meanwhile, whom this thread waits for too: hence the time.
                    let woken = self.crowd().left.wait_timeout(holders, LOOK_AGAIN);
                    (holders, _) = woken.unwrap_or_else(|e| e.into_inner());
                    holders.waiting -= 1;
                    waits::end(me);
                }
                Some(busy) => {
                    self.note(&holders);
                    return Err(busy);
                }
            }
        }
        enter(&mut holders, me);
        self.note(&holders);
        Ok(())
    }

    /// A thread comes to read. It may be the one whose call the node is lent to: what is in the node
    /// does not change before the call's end.
    pub(super) fn read(&self) -> Result<(), Busy> {
        self.wait(Holders::keep_from_reading, |holders, me| holders.readers.push(me))
    }

    /// As [`read`](Gate::read), to the end of what this gives.
    pub(super) fn enter(&self) -> Result<AtGate<'_>, Busy> {
        self.read().map(|()| AtGate { gate: self, writes: false })
    }

    /// As [`write`](Gate::write), to the end of what this gives.
    pub(super) fn enter_to_write(&self) -> Result<AtGate<'_>, Busy> {
        self.write().map(|()| AtGate { gate: self, writes: true })
    }

    /// As [`try_read`](Gate::try_read), to the end of what this gives.
    pub(super) fn try_enter(&self) -> Option<AtGate<'_>> {
        self.try_read().is_ok().then(|| AtGate { gate: self, writes: false })
    }

    /// As [`read`](Gate::read), but does not wait: for those who have other nodes in their hands.
    pub(super) fn try_read(&self) -> Result<(), Busy> {
        let me = thread();
        let mut holders = self.lock();
        let busy = holders.keep_from_reading(me);
        if busy.is_none() {
            holders.readers.push(me);
        }
        self.note(&holders);
        busy.map_or(Ok(()), Err)
    }

    /// A thread comes to write.
    fn write(&self) -> Result<(), Busy> {
        let busy = |holders: &Holders, me| match holders.owner {
            0 if holders.readers.contains(&me) => Some(Busy::Guard),
            0 => (!holders.readers.is_empty()).then_some(Busy::Elsewhere),
            owner if owner != me => Some(Busy::Elsewhere),
            _ if holders.calls == 0 => Some(Busy::Guard),
            _ => Some(Busy::Call),
        };
        self.wait(busy, |holders, me| holders.owner = me)
    }

    /// Lends the node, its number there being `number`, to a call of this thread. Does not wait: a
    /// call that waited with other nodes in its hands could wait for ever.
    pub(super) fn lend(&self, number: usize) -> Result<usize, Busy> {
        let me = thread();
        let mut holders = self.lock();
        let busy = match holders.owner {
            _ if holders.readers.contains(&me) => Some(Busy::Guard),
            0 => (!holders.readers.is_empty()).then_some(Busy::Elsewhere),
            owner if owner != me => Some(Busy::Elsewhere),
            _ => (holders.calls == 0).then_some(Busy::Guard),
        };
        if busy.is_none() {
            holders.owner = me;
            holders.calls += 1;
        }
        self.note(&holders);
        match busy {
            None => Ok(self.renumber(number)),
            Some(busy) => Err(busy),
        }
    }

    /// As [`lend`](Gate::lend), if nobody is at the node.
    #[inline]
    pub(super) fn lend_free(&self, number: usize) -> Option<usize> {
        let lent = self.state.compare_exchange(0, thread() | LENT, Acquire, Relaxed);
        lent.is_ok().then(|| self.renumber(number))
    }

    /// Sets the number, as only the thread that the node is lent to does; gives the one before.
    #[inline]
    fn renumber(&self, number: usize) -> usize {
        let before = self.number();
        self.number.store(number, Relaxed);
        before
    }

    /// Waits until no other thread is at the node.
    pub(super) fn wait_for_others(&self) -> Result<(), Busy> {
        let busy =
            |holders: &Holders, me| (!holders.others(me).is_empty()).then_some(Busy::Elsewhere);
        self.wait(busy, |_, _| {})
    }

    /// The end of [`read`](Gate::read).
    pub(super) fn leave_read(&self) {
        let me = thread();
        let mut holders = self.lock();
        if let Some(at) = holders.readers.iter().position(|&reader| reader == me) {
            holders.readers.swap_remove(at);
        }
        self.notify(holders);
    }

    /// The end of [`write`](Gate::write) or, with the number that stood there before, of a call.
    pub(super) fn leave(&self, number: Option<usize>) {
        if let Some(number) = number {
            self.number.store(number, Relaxed);
            let alone = thread() | LENT;
            if self.state.compare_exchange(alone, 0, Release, Relaxed).is_ok() {
                return;
            }
        }
        let mut holders = self.lock();
        if number.is_some() {
            holders.calls -= 1;
        }
        if holders.calls == 0 {
            holders.owner = 0;
        }
        self.notify(holders);
    }

    /// Whether nobody is there.
    pub(super) fn is_free(&self) -> bool {
        self.state.load(Acquire) == 0
    }

    /// Whether the node is lent to a call of this thread, or held for writing by it.
    pub(crate) fn is_mine(&self) -> bool {
        self.state.load(Relaxed) & !(LENT | LISTED) == thread()
    }

    /// Whether the node is lent to a call of this thread.
    #[inline]
    pub(super) fn is_lent_here(&self) -> bool {
        self.state.load(Relaxed) & !LISTED == thread() | LENT
    }

    /// Whether the node is lent to a call of this thread, rather than to an operation on a whole tree.
    pub(super) fn is_lent_to_call(&self) -> bool {
        self.is_lent_here() && self.number() & HELD == 0
    }

    /// Whether this thread holds the node for reading.
    pub(super) fn is_read_here(&self) -> bool {
        let holders = self.lock();
        let read = holders.readers.contains(&thread());
        self.note(&holders);
        read
    }

    /// The number of the node in the call that it is lent to.
    pub(crate) fn number(&self) -> usize {
        self.number.load(Relaxed)
    }

    /// How a walk through the call's arguments, which met `nodes` before, comes to the node.
    pub(crate) fn arrival(&self, nodes: &mut usize) -> Arrival {
        let number = self.number();
        // Numbers are given in the order of first places, so this is one if the number is the next.
        if number == *nodes {
            *nodes += 1;
            return Arrival::First(number);
        }
        Arrival::Again(number)
    }
}
