//! Archives as they are written by hand: whatever a fuzzer wants to say in their headers.

use std::io::Write;

/// A ZIP archive of members that are stored. `skew` is added to a field of one header, so that readers may
/// disagree.
pub(crate) struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

/// A member, less its content.
pub(crate) struct Member<'m> {
    pub(crate) name: &'m [u8],
    /// The name in the header before the content.
    pub(crate) local_name: &'m [u8],
    pub(crate) mode: u32,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    /// How much larger than the content the declared size is.
    pub(crate) larger: u32,
}

impl Zip {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::new(), directory: Vec::new(), count: 0 }
    }

    pub(crate) fn add(&mut self, member: &Member<'_>, content: &[u8]) {
        let offset = self.bytes.len() as u32;
        let mut facts = Vec::new();
        facts.extend(member.flags.to_le_bytes());
        facts.extend(member.method.to_le_bytes());
        facts.extend([0, 0, 0x21, 0]);
        facts.extend(crc32(content).to_le_bytes());
        facts.extend((content.len() as u32).to_le_bytes());
        facts.extend((content.len() as u32).wrapping_add(member.larger).to_le_bytes());
        self.bytes.extend(b"PK\x03\x04\x14\x00");
        self.bytes.extend(&facts);
        self.bytes.extend((member.local_name.len() as u16).to_le_bytes());
        self.bytes.extend([0, 0]);
        self.bytes.extend(member.local_name);
        self.bytes.extend(content);
        self.directory.extend(b"PK\x01\x02\x14\x03\x14\x00");
        self.directory.extend(&facts);
        self.directory.extend((member.name.len() as u16).to_le_bytes());
        self.directory.extend([0; 8]);
        self.directory.extend((member.mode << 16).to_le_bytes());
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(member.name);
        self.count += 1;
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let start = self.bytes.len() as u32;
        self.bytes.extend(&self.directory);
        self.bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
        self.bytes.extend(self.count.to_le_bytes());
        self.bytes.extend(self.count.to_le_bytes());
        self.bytes.extend((self.directory.len() as u32).to_le_bytes());
        self.bytes.extend(start.to_le_bytes());
        self.bytes.extend([0, 0]);
        self.bytes
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (0_u32.wrapping_sub(crc & 1)));
        }
    }
    !crc
}

/// Zstandard, in blocks that are not compressed.
pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    // A single segment with its size in eight bytes.
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0];
    out.extend((bytes.len() as u64).to_le_bytes());
    let chunks: Vec<&[u8]> = bytes.chunks(1 << 16).collect();
    if chunks.is_empty() {
        out.extend([1, 0, 0]);
    }
    for (at, chunk) in chunks.iter().enumerate() {
        let last = u32::from(at + 1 == chunks.len());
        let header = ((chunk.len() as u32) << 3) | last;
        out.extend(&header.to_le_bytes()[..3]);
        out.extend(*chunk);
    }
    out
}

pub(crate) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// Takes values from the bytes of a fuzzer; zeros where they end.
pub(crate) struct Values<'b>(pub(crate) &'b [u8]);

impl<'b> Values<'b> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub(crate) fn bytes(&mut self, length: usize) -> &'b [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A path: parts from a list of those that lead somewhere, or of any bytes.
    pub(crate) fn path(&mut self) -> Vec<u8> {
        const PARTS: [&str; 24] = [
            "demo",
            "x.py",
            "..",
            ".",
            "",
            "bin",
            "lib",
            "python",
            ".wh.python",
            ".wh..wh..opq",
            "demo-1.0.data",
            "data",
            "scripts",
            "purelib",
            "platlib",
            "headers",
            "demo-1.0.dist-info",
            "METADATA",
            "info",
            "etc",
            "passwd",
            "link",
            "link2",
            "site-packages",
        ];
        let count = 1 + self.byte() % 5;
        let parts: Vec<Vec<u8>> = (0..count)
            .map(|_| match usize::from(self.byte()) {
                known if known < 192 => PARTS[known % PARTS.len()].as_bytes().to_vec(),
                any => self.bytes(any % 8).to_vec(),
            })
            .collect();
        let mut path = parts.join(&b'/');
        if self.byte() > 240 {
            path.insert(0, b'/');
        }
        path
    }

    pub(crate) fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}
