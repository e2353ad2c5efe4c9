//! One node of a big list: a run of elements, or one that is too big to share a node.

use bytes::Bytes;

use crate::freeing::let_go;
use crate::indexed::allocated;
use crate::list::{End, listpack};
use crate::sequence::{self, Coded, Element, Walk};
use crate::value::NewValue;

#[derive(Clone, Debug)]
pub(super) struct Node {
    n_entries: u32,
    /// What Valkey's node would take.
    listpack_bytes: u32,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Run(Vec<u8>),
    Alone(Box<Alone>),
}

/// A big element, shared with replies on their way out.
#[derive(Clone, Debug)]
pub(super) struct Alone(Bytes);

impl Drop for Alone {
    fn drop(&mut self) {
        let_go(std::mem::take(&mut self.0));
    }
}

impl Node {
    pub(super) fn alone(value: &NewValue<'_>) -> Node {
        let bytes = match value {
            NewValue::Copied(it) => Bytes::copy_from_slice(it),
            NewValue::Shared(it) => it.clone(),
        };
        Node { n_entries: 1, listpack_bytes: 0, content: Content::Alone(Box::new(Alone(bytes))) }
    }

    /// A node of what is in a sequence.
    pub(super) fn of_run(run: Vec<u8>) -> Node {
        let mut node = Node { n_entries: 0, listpack_bytes: 0, content: Content::Run(run) };
        node.recount();
        node
    }

    pub(super) fn of_one(value: &NewValue<'_>) -> Node {
        let mut run = Vec::new();
        sequence::clear(&mut run);
        let mut node = Node::of_run(run);
        node.insert(0, value);
        node
    }

    pub(super) fn is_alone(&self) -> bool {
        matches!(self.content, Content::Alone(_))
    }

    pub(super) fn len(&self) -> usize {
        self.n_entries as usize
    }

    pub(super) fn listpack_bytes(&self) -> usize {
        self.listpack_bytes as usize
    }

    /// Bytes of a run; 0 of an element on its own.
    pub(super) fn run_len(&self) -> usize {
        if let Content::Run(run) = &self.content { run.len() } else { 0 }
    }

    /// Memory behind the node.
    pub(super) fn heap_bytes(&self) -> usize {
        match &self.content {
            Content::Run(run) => allocated(run.capacity()),
            Content::Alone(it) => allocated(size_of::<Alone>()) + it.0.len() + SHARED_BYTES,
        }
    }

    /// The run of a node that is one.
    pub(super) fn into_run(self) -> Option<Vec<u8>> {
        if let Content::Run(run) = self.content { Some(run) } else { None }
    }

    /// What lies from an entry on.
    pub(super) fn iter_from(&self, offset: usize) -> NodeIter<'_> {
        match &self.content {
            Content::Run(run) => {
                NodeIter::Run(sequence::iter_from(run, sequence::seek(run, offset)))
            }
            Content::Alone(it) => NodeIter::Alone((offset == 0).then_some(&it.0)),
        }
    }

    /// What lies before an entry, to be walked from its end.
    pub(super) fn iter_to(&self, offset: usize) -> NodeIter<'_> {
        match &self.content {
            Content::Run(run) => NodeIter::Run(sequence::iter_to(run, sequence::seek(run, offset))),
            Content::Alone(it) => NodeIter::Alone((offset == 1).then_some(&it.0)),
        }
    }

    /// The run, for a change that the accounts follow.
    fn run(&mut self) -> &mut Vec<u8> {
        match &mut self.content {
            Content::Run(run) => run,
            Content::Alone(_) => unreachable!("an element on its own is replaced, not changed"),
        }
    }

    /// Puts a value in front of the entry at `offset`.
    pub(super) fn insert(&mut self, offset: usize, value: &NewValue<'_>) {
        let coded = Coded::of(value.as_slice());
        self.n_entries += 1;
        self.listpack_bytes += listpack::entry_bytes(coded.element()) as u32;
        let run = self.run();
        make_room(run, sequence::growth(run, &coded));
        let gap = sequence::seek(run, offset);
        sequence::insert(run, gap, &coded);
    }

    /// Gives an entry another value.
    pub(super) fn replace(&mut self, offset: usize, value: &NewValue<'_>) {
        let coded = Coded::of(value.as_slice());
        let run = self.run();
        let gap = sequence::seek(run, offset);
        let old = sequence::iter_from(run, gap).next().map_or(0, listpack::entry_bytes);
        make_room(run, sequence::growth(run, &coded));
        sequence::replace(run, gap, &coded);
        self.listpack_bytes += listpack::entry_bytes(coded.element()) as u32;
        self.listpack_bytes -= old as u32;
    }

    /// Takes entries out of the run; not all of them.
    pub(super) fn remove(&mut self, offset: usize, n_entries: usize) {
        let run = self.run();
        let gap = sequence::seek(run, offset);
        let gone = sequence::iter_from(run, gap).take(n_entries);
        let gone_bytes: usize = gone.map(listpack::entry_bytes).sum();
        sequence::remove(run, gap, n_entries);
        trim(run);
        self.n_entries -= n_entries as u32;
        self.listpack_bytes -= gone_bytes as u32;
    }

    /// Takes out those of `n_max` entries that equal a value, from one end on. How many they were;
    /// an element on its own is only counted.
    pub(super) fn remove_equal(&mut self, wanted: &[u8], n_max: usize, from: End) -> usize {
        let run = match &mut self.content {
            Content::Run(run) => run,
            Content::Alone(it) => return usize::from(it.0 == wanted),
        };
        let n_gone = remove_equal(run, wanted, n_max, from);
        if n_gone != 0 {
            trim(run);
            self.recount();
        }
        n_gone
    }

    /// Cuts the run in two; returns what lies from `offset` on.
    pub(super) fn split_off(&mut self, offset: usize) -> Node {
        let run = self.run();
        let gap = sequence::seek(run, offset);
        let rest = sequence::split_off(run, gap);
        run.shrink_to_fit();
        self.recount();
        Node::of_run(rest)
    }

    /// Puts another node's run behind this one's.
    pub(super) fn append(&mut self, other: Node) {
        let Content::Run(other) = &other.content else { return };
        let run = self.run();
        sequence::append(run, other);
        run.shrink_to_fit();
        self.recount();
    }

    /// Gives back room that is spare, of a node that others now grow behind.
    pub(super) fn finish(&mut self) {
        if let Content::Run(run) = &mut self.content {
            run.shrink_to_fit();
        }
    }

    fn recount(&mut self) {
        if let Content::Run(run) = &self.content {
            self.n_entries = sequence::len(run) as u32;
            self.listpack_bytes = listpack::bytes_of(run) as u32;
        }
    }
}

/// Takes equal entries out of a sequence, `n_max` at most, from one end on.
pub(super) fn remove_equal(run: &mut Vec<u8>, wanted: &[u8], n_max: usize, from: End) -> usize {
    let wanted = Coded::of(wanted);
    let mut n_gone = 0;
    // What lies behind a place that was walked to does not move it.
    let (mut front, mut back) = (sequence::front(), sequence::back(run));
    while n_gone < n_max {
        let found = match from {
            End::Front => sequence::iter_from(run, front).find(&wanted),
            End::Back => sequence::iter_to(run, back).find_back(&wanted),
        };
        let Some(gap) = found else { break };
        sequence::remove(run, gap, 1);
        (front, back) = (gap, gap);
        n_gone += 1;
    }
    n_gone
}

/// Runs grow by steps: doubling them would leave a quarter of a list's memory unused.
fn make_room(run: &mut Vec<u8>, n_bytes: usize) {
    if run.capacity() < run.len() + n_bytes {
        run.reserve_exact(n_bytes + room_step(run));
    }
}

/// Gives room back when a good part of it is spare.
fn trim(run: &mut Vec<u8>) {
    let step = room_step(run);
    if run.len() + 4 * step < run.capacity() {
        run.shrink_to(run.len() + step);
    }
}

/// Room that is made beyond what is needed at once: a move of the run for many insertions.
fn room_step(run: &[u8]) -> usize {
    (run.len() / 32).clamp(32, 256)
}

/// What a shared buffer keeps beside its bytes, as for strings.
const SHARED_BYTES: usize = 32;

/// The elements of one node, from either end.
#[derive(Clone)]
pub(super) enum NodeIter<'a> {
    Run(Walk<'a>),
    Alone(Option<&'a Bytes>),
}

impl<'a> Iterator for NodeIter<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        match self {
            NodeIter::Run(it) => it.next(),
            NodeIter::Alone(it) => it.take().map(Element::Shared),
        }
    }
}

impl DoubleEndedIterator for NodeIter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            NodeIter::Run(it) => it.next_back(),
            NodeIter::Alone(it) => it.take().map(Element::Shared),
        }
    }
}
