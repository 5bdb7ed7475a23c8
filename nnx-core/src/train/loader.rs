//! Batches made ahead of the loop that takes them.

use crate::error::{Error, Result};
use crate::random::{Key, permutation};
use crate::value::DType;
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

/// Makes batches of examples on threads of its own, so that a batch is on the device when the training loop
/// wants it.
///
/// The function that makes a batch is given the indices of its examples. It may return anything that can be sent to
/// another thread: a Module with arrays (which are uploaded by the thread that makes them), or a `Result` of one.
/// The batches come in the order of their indices, whatever the number of threads.
///
/// ```
/// use nnx::train::Loader;
/// use nnx::{Array, random};
///
/// let images = vec![[0.5_f32; 784]; 100];
/// let loader = Loader::new(images.len(), 64, move |indices| {
///     let batch: Vec<f32> = indices.iter().flat_map(|&i| images[i]).collect();
///     Array::from_slice(&batch, [indices.len(), 784])
/// });
/// let mut seen = 0;
/// for epoch in 0..2 {
///     for batch in loader.shuffled(&random::fold_in(&random::key(0), epoch))? {
///         seen += batch.shape()[0];
///     }
/// }
/// assert_eq!(seen, 200);
/// # Ok::<(), nnx::Error>(())
/// ```
pub struct Loader<T> {
    examples: usize,
    batch_size: usize,
    drop_last: bool,
    workers: usize,
    ahead: usize,
    make: Arc<Make<T>>,
}

/// More threads than a machine has processors.
const MOST_WORKERS: usize = 1024;
/// Memory for as many is taken before the first is there.
const MOST_AHEAD: usize = 1 << 16;

type Make<T> = dyn Fn(&[usize]) -> T + Send + Sync;

impl<T: Send + 'static> Loader<T> {
    /// Batches of `batch_size` of the examples 0, 1, …, `examples` − 1, each made by `make` from their indices. The
    /// last batch is smaller if their number does not divide; see [`drop_last`](Loader::drop_last).
    ///
    /// ```
    /// use nnx::train::Loader;
    ///
    /// let loader = Loader::new(5, 2, |indices| indices.to_vec());
    /// // Anything that can be sent to another thread; here the indices themselves.
    /// let batches: Vec<Vec<usize>> = loader.in_order()?.collect();
    /// assert_eq!(batches, [vec![0, 1], vec![2, 3], vec![4]]);
    /// # Ok::<(), nnx::Error>(())
    /// ```
    ///
    /// # Panics
    /// Panics if `batch_size` is 0.
    #[track_caller]
    pub fn new(
        examples: usize,
        batch_size: usize,
        make: impl Fn(&[usize]) -> T + Send + Sync + 'static,
    ) -> Self {
        assert!(batch_size > 0, "Loader::new: a batch of 0 examples; take at least 1");
        let (drop_last, workers, ahead) = (false, 1, 2);
        Loader { examples, batch_size, drop_last, workers, ahead, make: Arc::new(make) }
    }

    /// Leaves the last batch out if it is smaller than the others: each shape is a compiled program.
    ///
    /// ```
    /// use nnx::train::Loader;
    ///
    /// let loader = Loader::new(5, 2, |indices| indices.to_vec()).drop_last(true);
    /// let batches: Vec<Vec<usize>> = loader.in_order()?.collect();
    /// assert_eq!(batches, [[0, 1], [2, 3]]);
    /// # Ok::<(), nnx::Error>(())
    /// ```
    #[must_use]
    pub fn drop_last(mut self, drop_last: bool) -> Self {
        self.drop_last = drop_last;
        self
    }

    /// The number of threads that make batches, by default 1, at most 1024. With 0 the loop makes them itself.
    ///
    /// ```
    /// use nnx::train::Loader;
    ///
    /// let loader = Loader::new(5, 2, |indices| indices.to_vec()).workers(4);
    /// // The order is that of one thread.
    /// let batches: Vec<Vec<usize>> = loader.in_order()?.collect();
    /// assert_eq!(batches, [vec![0, 1], vec![2, 3], vec![4]]);
    /// # Ok::<(), nnx::Error>(())
    /// ```
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// How many batches each thread makes ahead of the loop, by default 2: one is on its way to the device while
    /// another one waits there. Memory is taken for as many, at least for 1 and at most for 65,536.
    ///
    /// ```
    /// use nnx::train::Loader;
    ///
    /// // Two threads, each of which makes up to eight batches before the loop wants them.
    /// let loader = Loader::new(100, 2, |indices| indices[0]).workers(2).ahead(8);
    /// assert_eq!(loader.in_order()?.nth(3), Some(6));
    /// # Ok::<(), nnx::Error>(())
    /// ```
    #[must_use]
    pub fn ahead(mut self, ahead: usize) -> Self {
        self.ahead = ahead.max(1);
        self
    }

    /// The number of batches in an epoch.
    ///
    /// ```
    /// use nnx::train::Loader;
    ///
    /// let loader = Loader::new(5, 2, |indices| indices.to_vec());
    /// assert_eq!(loader.batches(), 3);
    /// assert_eq!(loader.drop_last(true).batches(), 2);
    /// ```
    pub fn batches(&self) -> usize {
        match self.drop_last {
            true => self.examples / self.batch_size,
            false => self.examples.div_ceil(self.batch_size),
        }
    }

    /// An epoch in the order of the examples.
    ///
    /// ```
    /// use nnx::train::Loader;
    ///
    /// let loader = Loader::new(5, 2, |indices| indices.to_vec());
    /// for (number, batch) in loader.in_order()?.enumerate() {
    ///     assert_eq!(batch[0], 2 * number);
    /// }
    /// # Ok::<(), nnx::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if there are too many threads or batches ahead, or the system starts no thread.
    pub fn in_order(&self) -> Result<Epoch<T>> {
        self.epoch(None)
    }

    /// An epoch in the order of [`permutation`], which the key decides: the same key gives the same batches.
    ///
    /// ```
    /// use nnx::random::key;
    /// use nnx::train::Loader;
    ///
    /// let loader = Loader::new(100, 100, |indices| indices.to_vec());
    /// let epoch = |seed| loader.shuffled(&key(seed)).unwrap().next().unwrap();
    /// // The key decides the order, in which each example is once.
    /// assert_eq!(epoch(0), epoch(0));
    /// assert_ne!(epoch(0), epoch(1));
    /// let mut sorted = epoch(0);
    /// sorted.sort();
    /// assert!(sorted.into_iter().eq(0..100));
    /// ```
    ///
    /// # Errors
    /// Returns an error if the key is that of a function being traced, no device is there, there are too many
    /// threads or batches ahead, or the system starts no thread.
    ///
    /// # Panics
    /// Panics if `key` is a batch of keys.
    #[track_caller]
    pub fn shuffled(&self, key: &Key) -> Result<Epoch<T>> {
        let order = permutation(key, self.examples).astype(DType::I64).try_to_vec::<i64>()?;
        self.epoch(Some(order.into_iter().map(|index| index as usize).collect()))
    }

    fn epoch(&self, order: Option<Arc<[usize]>>) -> Result<Epoch<T>> {
        let (batches, size) = (self.batches(), self.batch_size);
        let work = Work { order, examples: self.examples, size, make: Arc::clone(&self.make) };
        let (count, ahead) = (self.workers.min(batches), self.ahead.min(batches));
        for (what, number, most) in
            [("threads", count, MOST_WORKERS), ("batches ahead", ahead, MOST_AHEAD)]
        {
            if number > most {
                return Err(Error::Invalid(format!(
                    "Loader: {number} {what} for {batches} batches are more than {most}"
                )));
            }
        }
        let mut workers = Vec::with_capacity(count);
        for first in 0..count {
            let (sender, batch) = sync_channel(ahead);
            let work = work.clone();
            let run = move || {
                // Sending fails when the epoch was dropped.
                let _ = (first..batches)
                    .step_by(count)
                    .try_for_each(|number| sender.send(work.batch(number)));
            };
            let thread = Builder::new().name("nnx-loader".into()).spawn(run).map_err(|error| {
                Error::Invalid(format!("a thread that makes batches cannot be started: {error}"))
            })?;
            workers.push(Worker { batch, thread });
        }
        Ok(Epoch { work, workers, next: 0, batches })
    }
}

impl<T> fmt::Debug for Loader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Loader { examples, batch_size, workers, .. } = self;
        write!(f, "Loader({examples} examples, batches of {batch_size}, {workers} threads)")
    }
}

/// The batches of an epoch, from a [`Loader`]. A panic of the function that makes them is passed on by `next`.
/// Dropping it before its end waits for the batches that are being made.
///
/// ```
/// use nnx::train::{Epoch, Loader};
///
/// let loader = Loader::new(5, 2, |indices| indices.len());
/// let mut epoch: Epoch<usize> = loader.in_order()?;
/// assert_eq!(epoch.next(), Some(2));
/// // The rest of it.
/// assert_eq!(epoch.len(), 2);
/// assert_eq!(epoch.sum::<usize>(), 3);
/// # Ok::<(), nnx::Error>(())
/// ```
pub struct Epoch<T> {
    work: Work<T>,
    workers: Vec<Worker<T>>,
    next: usize,
    batches: usize,
}

/// Makes each batch whose number, divided by the number of threads, leaves that of this thread.
struct Worker<T> {
    batch: Receiver<T>,
    thread: JoinHandle<()>,
}

struct Work<T> {
    /// `None` if it is that of the examples.
    order: Option<Arc<[usize]>>,
    examples: usize,
    size: usize,
    make: Arc<Make<T>>,
}

impl<T> Clone for Work<T> {
    fn clone(&self) -> Self {
        let Work { order, examples, size, make } = self;
        Work { order: order.clone(), examples: *examples, size: *size, make: Arc::clone(make) }
    }
}

impl<T> Work<T> {
    fn batch(&self, number: usize) -> T {
        let start = number * self.size;
        let end = start.saturating_add(self.size).min(self.examples);
        match &self.order {
            Some(order) => (self.make)(&order[start..end]),
            None => {
                let (count, mut indices) = (end - start, Vec::new());
                if indices.try_reserve_exact(count).is_err() {
                    panic!(
                        "Loader: there is no memory for the indices of a batch of {count} examples"
                    );
                }
                indices.extend(start..end);
                (self.make)(&indices)
            }
        }
    }
}

impl<T> Epoch<T> {
    /// Ends the threads; the payload of the first that panicked.
    fn stop(&mut self) -> Option<Box<dyn Any + Send>> {
        let (batches, threads): (Vec<_>, Vec<_>) =
            self.workers.drain(..).map(|worker| (worker.batch, worker.thread)).unzip();
        // A thread that waits for room goes on, and stops.
        drop(batches);
        threads.into_iter().filter_map(|thread| thread.join().err()).next()
    }
}

impl<T> Iterator for Epoch<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.next == self.batches {
            return None;
        }
        let number = self.next;
        self.next += 1;
        if self.workers.is_empty() {
            return Some(self.work.batch(number));
        }
        let count = self.workers.len();
        match self.workers[number % count].batch.recv() {
            Ok(batch) => Some(batch),
            Err(_) => {
                self.next = self.batches;
                match self.stop() {
                    Some(payload) => std::panic::resume_unwind(payload),
                    None => None,
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.batches - self.next;
        (left, Some(left))
    }
}

impl<T> ExactSizeIterator for Epoch<T> {}

impl<T> Drop for Epoch<T> {
    fn drop(&mut self) {
        // A panic in a batch that nobody took is not to end the loop.
        let _ = self.stop();
    }
}

impl<T> fmt::Debug for Epoch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Epoch({} of {} batches taken)", self.next, self.batches)
    }
}
