use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A queue into a thread that takes everything at once.
///
/// A push wakes the thread only if it sleeps, so a busy thread costs its feeders no system call.
#[derive(Debug)]
pub(crate) struct Mailbox<T> {
    queue: Mutex<Queue<T>>,
    arrived: Condvar,
}

#[derive(Debug)]
struct Queue<T> {
    items: Vec<T>,
    is_asleep: bool,
    /// The thread is to look around although there may be nothing here.
    is_nudged: bool,
}

impl<T> Mailbox<T> {
    pub(crate) fn new() -> Self {
        let queue = Queue { items: Vec::new(), is_asleep: false, is_nudged: false };
        Mailbox { queue: Mutex::new(queue), arrived: Condvar::new() }
    }

    pub(crate) fn push(&self, item: T) {
        let mut queue = self.lock();
        queue.items.push(item);
        let wake = std::mem::take(&mut queue.is_asleep);
        drop(queue);
        if wake {
            self.arrived.notify_one();
        }
    }

    /// Adds an item without waking anybody.
    pub(crate) fn push_quietly(&self, item: T) {
        self.lock().items.push(item);
    }

    /// Ends the wait of the thread, or its next one.
    pub(crate) fn nudge(&self) {
        let mut queue = self.lock();
        queue.is_nudged = true;
        let wake = std::mem::take(&mut queue.is_asleep);
        drop(queue);
        if wake {
            self.arrived.notify_one();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    /// Moves all items to `into`, which is empty, waiting for the first until `deadline`
    /// (`None`: for ever). `into` stays empty when the deadline passes.
    pub(crate) fn take(&self, into: &mut Vec<T>, deadline: Option<Instant>) {
        let mut queue = self.wait_locked(deadline);
        std::mem::swap(&mut queue.items, into);
    }

    /// Moves what is there to `into`, which is empty.
    pub(crate) fn drain(&self, into: &mut Vec<T>) {
        std::mem::swap(&mut self.lock().items, into);
    }

    /// Waits for an item or a nudge until `deadline`.
    pub(crate) fn wait(&self, deadline: Option<Instant>) {
        drop(self.wait_locked(deadline));
    }

    fn wait_locked(&self, deadline: Option<Instant>) -> MutexGuard<'_, Queue<T>> {
        let mut queue = self.lock();
        while queue.items.is_empty() && !queue.is_nudged {
            let Some(patience) = remaining(deadline) else { break };
            queue.is_asleep = true;
            queue = match patience {
                None => self.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => {
                    self.arrived
                        .wait_timeout(queue, patience)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
            queue.is_asleep = false;
        }
        queue.is_nudged = false;
        queue
    }

    /// A thread that panicked while it held the lock had pushed or not; both are fine.
    fn lock(&self) -> MutexGuard<'_, Queue<T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long to wait: `None` no more, `Some(None)` for ever.
fn remaining(deadline: Option<Instant>) -> Option<Option<Duration>> {
    match deadline {
        None => Some(None),
        Some(deadline) => {
            let left = deadline.saturating_duration_since(Instant::now());
            (!left.is_zero()).then_some(Some(left))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn everything_is_taken_at_once_and_in_order() {
        let mailbox = Mailbox::new();
        mailbox.push(1);
        mailbox.push(2);
        let mut taken = Vec::new();
        mailbox.take(&mut taken, None);
        assert_eq!(taken, [1, 2]);
    }

    #[test]
    fn a_deadline_ends_the_wait() {
        let mailbox = Mailbox::<u8>::new();
        let mut taken = Vec::new();
        mailbox.take(&mut taken, Some(Instant::now() + Duration::from_millis(5)));
        assert!(taken.is_empty());
    }

    #[test]
    fn a_sleeper_is_woken() {
        let mailbox = Arc::new(Mailbox::new());
        let feeder = mailbox.clone();
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_millis(5));
            feeder.push(7);
        });
        let mut taken = Vec::new();
        mailbox.take(&mut taken, None);
        assert_eq!(taken, [7]);
        thread.join().unwrap();
    }
}
