//! The open spokes of a process: a bounded map from project to file, least recently used out first.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::{Notify, OnceCell, OwnedSemaphorePermit, Semaphore};

use crate::metrics::{OpenDatabase, StoreMeter};
use crate::spoke::Spoke;
use crate::{ProjectDatabase, ProjectId, StoreError};

/// How long a caller waits until another spoke may be closed to make room.
const ROOM_DEADLINE: Duration = Duration::from_secs(60);

/// From so many open spokes on, idle ones are closed when another is opened: each takes some 200 KB of memory.
const KEPT_OPEN: usize = 192;

/// Idle spokes closed for each that is opened when there are too many: more than one, so that they become fewer.
const CLOSED_AT_ONCE: usize = 2;

/// One open spoke and its place in the budget.
struct Open {
    spoke: Spoke,
    _place: OwnedSemaphorePermit,
}

/// Opening is single-flight: who comes while a spoke is being opened waits for that opening.
type Slot = Arc<OnceCell<Open>>;

/// Spokes stay open until another one needs their place, or many are open. A leased spoke is never closed.
pub(crate) struct SpokeMap {
    slots: Mutex<HashMap<ProjectId, Slot>>,
    places: Arc<Semaphore>,
    capacity: usize,
    released: Arc<Notify>,
    clock: AtomicU64,
    several: tokio::sync::Mutex<()>,
    meter: Arc<StoreMeter>,
}

impl SpokeMap {
    pub(crate) fn new(capacity: usize, meter: Arc<StoreMeter>) -> Self {
        let capacity = capacity.max(1);
        Self {
            slots: Mutex::default(),
            places: Arc::new(Semaphore::new(capacity)),
            capacity,
            released: Arc::new(Notify::new()),
            clock: AtomicU64::new(1),
            several: tokio::sync::Mutex::new(()),
            meter,
        }
    }

    /// How many spokes can be open at once.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Whether a spoke is open or is being opened.
    pub(crate) fn has_open(&self) -> bool {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        !slots.is_empty()
    }

    /// Whether the project's spoke is open or is being opened.
    pub(crate) fn contains(&self, id: &ProjectId) -> bool {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.contains_key(id)
    }

    /// Whether somebody holds a lease on the project's spoke.
    pub(crate) fn is_used(&self, id: &ProjectId) -> bool {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let open = slots.get(id).and_then(|slot| slot.get());
        open.is_some_and(|open| !open.spoke.is_idle())
    }

    /// Notified when the last lease of some spoke ends.
    pub(crate) fn released(&self) -> Arc<Notify> {
        self.released.clone()
    }

    /// A lease on the project's spoke, which `open` opens when it is not open yet.
    pub(crate) async fn lease<'a>(
        &self,
        id: &ProjectId,
        purpose: &'static str,
        open: impl Fn() -> BoxFuture<'a, Result<Spoke, StoreError>>,
    ) -> Result<ProjectDatabase, StoreError> {
        loop {
            let slot = self.slot(id);
            // The slot is looked up under the same lock that eviction takes: a spoke seen open here and
            // leased before the lock is released is not closed.
            if let Some(leased) = self.lease_open(id, purpose) {
                return Ok(leased);
            }
            let opened = slot
                .get_or_try_init(async || {
                    let place = self.place().await?;
                    Ok::<_, StoreError>(Open {
                        spoke: open().await?,
                        _place: place,
                    })
                })
                .await;
            if let Err(error) = opened {
                self.forget(id, &slot);
                return Err(error);
            }
            // Between opening and leasing another task may evict it: then look again.
        }
    }

    /// Leases on several spokes, all or none. One caller at a time gathers several, so that two that each
    /// hold a part of what the other needs cannot wait for each other.
    pub(crate) async fn lease_several<'a>(
        &self,
        ids: &[ProjectId],
        lease: impl Fn(ProjectId) -> BoxFuture<'a, Result<ProjectDatabase, StoreError>>,
    ) -> Result<Vec<ProjectDatabase>, StoreError> {
        let mut order: Vec<&ProjectId> = ids.iter().collect();
        order.sort();
        order.dedup();
        if order.len() > self.capacity {
            return Err(StoreError::TooManyProjects {
                wanted: order.len(),
                limit: self.capacity,
            });
        }
        let _alone = self.several.lock().await;
        let mut leased = HashMap::with_capacity(order.len());
        for id in order {
            leased.insert(id, lease(id.clone()).await?);
        }
        Ok(ids.iter().map(|id| leased[id].clone()).collect())
    }

    /// Closes the project's spoke if nobody holds a lease on it; true when it is closed now.
    pub(crate) async fn close(&self, id: &ProjectId) -> Result<bool, StoreError> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            match slots.get(id) {
                None => return Ok(true),
                Some(slot) if slot.get().is_some_and(|open| open.spoke.is_idle()) => {
                    slots.remove(id)
                }
                Some(_) => return Ok(false),
            }
        };
        if let Some(open) = slot.as_ref().and_then(|slot| slot.get()) {
            open.spoke.close().await?;
        }
        Ok(true)
    }

    /// Closes every spoke that nobody holds a lease on.
    pub(crate) async fn close_idle(&self) -> Result<(), StoreError> {
        while self.close_one_idle().await? {}
        Ok(())
    }

    /// Closes the least recently used idle spoke, which gives its place back; false when none is idle.
    async fn close_one_idle(&self) -> Result<bool, StoreError> {
        let Some(slot) = self.take_idle() else {
            return Ok(false);
        };
        if let Some(open) = slot.get() {
            open.spoke.close().await?;
        }
        Ok(true)
    }

    /// As [`Self::close_one_idle`], for another spoke's sake.
    async fn evict_one(&self) -> Result<bool, StoreError> {
        let evicted = self.close_one_idle().await?;
        if evicted {
            self.meter.spoke_evicted();
        }
        Ok(evicted)
    }

    fn slot(&self, id: &ProjectId) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots
            .get(id)
            .and_then(|slot| slot.get())
            .is_some_and(|open| open.spoke.is_outdated())
        {
            slots.remove(id); // closed when its last lease ends
        }
        match slots.get(id) {
            Some(slot) => slot.clone(),
            None => slots.entry(id.clone()).or_default().clone(),
        }
    }

    fn lease_open(&self, id: &ProjectId, purpose: &'static str) -> Option<ProjectDatabase> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let open = slots.get(id)?.get()?;
        Some(
            open.spoke
                .lease(purpose, self.clock.fetch_add(1, Ordering::Relaxed)),
        )
    }

    /// Removes a slot whose opening failed, so that the next caller tries again.
    fn forget(&self, id: &ProjectId, slot: &Slot) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots
            .get(id)
            .is_some_and(|known| Arc::ptr_eq(known, slot) && known.get().is_none())
        {
            slots.remove(id);
        }
    }

    /// What was done with each spoke that is open now.
    pub(crate) fn metrics(&self) -> Vec<OpenDatabase> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let open: Vec<Slot> = slots.values().cloned().collect();
        drop(slots); // a log is looked at, which may take a moment
        open.iter()
            .filter_map(|slot| slot.get().map(|open| open.spoke.metrics()))
            .collect()
    }

    /// A place in the budget, closing the least recently used idle spoke when all are taken.
    async fn place(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        for _ in 0..CLOSED_AT_ONCE {
            if self.capacity - self.places.available_permits() >= KEPT_OPEN {
                self.evict_one().await?;
            }
        }
        let asked = Instant::now();
        let (place, waited) = self.find_place().await;
        if waited {
            self.meter.place_waits.observe(asked.elapsed());
        }
        place
    }

    /// A place, and whether somebody had to let go of one.
    async fn find_place(&self) -> (Result<OwnedSemaphorePermit, StoreError>, bool) {
        let mut waited = false;
        let deadline = tokio::time::Instant::now() + ROOM_DEADLINE;
        loop {
            let released = self.released.notified();
            if let Ok(place) = self.places.clone().try_acquire_owned() {
                return (Ok(place), waited);
            }
            match self.evict_one().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => return (Err(error), waited),
            }
            waited = true;
            if tokio::time::timeout_at(deadline, released).await.is_err() {
                let busy = StoreError::Busy {
                    what: "every open project".to_owned(),
                    holder: self.holders(),
                };
                return (Err(busy), waited);
            }
        }
    }

    fn take_idle(&self) -> Option<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = slots
            .iter()
            .filter_map(|(id, slot)| slot.get().map(|open| (id, open)))
            .filter(|(_, open)| open.spoke.is_idle())
            .min_by_key(|(_, open)| open.spoke.last_used())
            .map(|(id, _)| id.clone())?;
        slots.remove(&idle)
    }

    fn holders(&self) -> Option<String> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = slots.iter().filter_map(|(id, slot)| {
            let holder = slot.get()?.spoke.leases().holders().into_iter().next()?;
            Some(format!("project {id}: {holder}"))
        });
        held.next()
    }
}
