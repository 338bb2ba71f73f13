//! Limits of a process's CPU time and memory.
//!
//! Limits are metadata and not part of an op, so they do not change a digest. Only newer engines know them.
//! The pinned version of the generated messages lacks their field, so this module defines it by hand.

use prost::Message;

/// The number of this field in BuildKit's `OpMetadata`.
pub(crate) const FIELD: u64 = 7;

/// Limits of the container in which a process runs. A value of 0 or an empty text means the engine's default.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LinuxResources {
    /// Memory in bytes.
    #[prost(int64, tag = "1")]
    pub memory: i64,
    /// Memory and swap in bytes; -1 means no limit.
    #[prost(int64, tag = "2")]
    pub memory_swap: i64,
    /// Relative weight of CPU time, in the kernel's `cpu.shares`.
    #[prost(uint64, tag = "3")]
    pub cpu_shares: u64,
    /// Length of a scheduling period in microseconds.
    #[prost(uint64, tag = "4")]
    pub cpu_period: u64,
    /// CPU time per period, in microseconds.
    #[prost(int64, tag = "5")]
    pub cpu_quota: i64,
    /// The CPUs that the process may use, such as `0-3,5`.
    #[prost(string, tag = "6")]
    pub cpuset_cpus: String,
    /// The memory nodes that the process may use, in the same syntax.
    #[prost(string, tag = "7")]
    pub cpuset_mems: String,
}
