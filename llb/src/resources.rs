//! Limits of a process's CPU time and memory.
//!
//! They are said about an op and no part of it, so they change no digest. Only newer
//! engines have them; the generated messages that this crate is pinned to lack the field, so it is written by hand.

use prost::Message;

/// The number of the field in BuildKit's `OpMetadata`.
pub(crate) const FIELD: u64 = 7;

/// Limits of the container that a process runs in. What is 0 or empty is the engine's default.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LinuxResources {
    /// Memory in bytes.
    #[prost(int64, tag = "1")]
    pub memory: i64,
    /// Memory and swap in bytes; -1 is no limit.
    #[prost(int64, tag = "2")]
    pub memory_swap: i64,
    /// Relative weight of CPU time.
    #[prost(uint64, tag = "3")]
    pub cpu_shares: u64,
    /// Length of a scheduling period in microseconds.
    #[prost(uint64, tag = "4")]
    pub cpu_period: u64,
    /// CPU time in a period, in microseconds.
    #[prost(int64, tag = "5")]
    pub cpu_quota: i64,
    /// The CPUs to run on, as `0-3,5`.
    #[prost(string, tag = "6")]
    pub cpuset_cpus: String,
    /// The memory nodes to use, in the same syntax.
    #[prost(string, tag = "7")]
    pub cpuset_mems: String,
}
