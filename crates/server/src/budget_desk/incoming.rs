//! What comes in until somebody says that no more does.

use tokio::sync::{mpsc, watch};

use crate::listener::told;

/// A queue that can be closed from outside: what is in it still comes out.
pub(super) struct Incoming<T> {
    queue: mpsc::UnboundedReceiver<T>,
    closing: watch::Receiver<bool>,
    is_closed: bool,
}

impl<T> Incoming<T> {
    pub(super) const fn new(queue: mpsc::UnboundedReceiver<T>, closing: watch::Receiver<bool>) -> Self {
        Self { queue, closing, is_closed: false }
    }

    /// Waits for something, and takes at most so much of what is there. False where
    /// nothing comes any more.
    pub(super) async fn next_into(&mut self, batch: &mut Vec<T>, most: usize) -> bool {
        if !self.is_closed {
            tokio::select! {
                taken = self.queue.recv_many(batch, most) => return taken > 0,
                () = told(&mut self.closing) => {
                    self.is_closed = true;
                    self.queue.close();
                }
            }
        }
        self.queue.recv_many(batch, most).await > 0
    }

    /// What is there already.
    pub(super) fn at_once(&mut self) -> Option<T> {
        self.queue.try_recv().ok()
    }
}
