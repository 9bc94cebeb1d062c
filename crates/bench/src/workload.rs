use jute::Put;
use proto::OpCode;

use crate::args::{Args, Workload};
use crate::nodes::{Nodes, create_rest};
use crate::wire::{begin_frame, set_length};

/// Writes the requests of one worker's connections, from parts made once.
#[derive(Debug)]
pub struct Requests {
    workload: Workload,
    /// Path fields (length and bytes) of the keys, or of their folders for list.
    paths: Vec<Box<[u8]>>,
    /// What follows the path in a setData or create.
    rest: Vec<u8>,
    random: u64,
}

impl Requests {
    /// The requests of a workload; workers differ by `seed`.
    pub fn new(args: &Args, nodes: &Nodes, seed: u64) -> Self {
        let paths: Vec<String> = match args.workload {
            Workload::List => nodes.folders().collect(),
            Workload::Create => Vec::new(),
            _ => nodes.keys().collect(),
        };
        let rest = match args.workload {
            Workload::Create => create_rest(nodes.data()),
            _ => set_data_rest(nodes.data()),
        };
        let paths = paths.iter().map(|path| path_field(path)).collect();
        Requests { workload: args.workload, paths, rest, random: seed * 2 + 1 }
    }

    /// Appends the next request. `folder` and `number` name the node that a create makes.
    pub fn put_next(&mut self, out: &mut Vec<u8>, xid: i32, folder: &str, number: u64) {
        match self.workload {
            Workload::Get => self.put_read(out, xid, OpCode::GetData),
            Workload::List => self.put_read(out, xid, OpCode::GetChildren2),
            Workload::Set => self.put_set(out, xid),
            Workload::Create => self.put_create(out, xid, folder, number),
            Workload::Mixed { read_percent } => {
                if self.next_random() % 100 < u64::from(read_percent) {
                    self.put_read(out, xid, OpCode::GetData);
                } else {
                    self.put_set(out, xid);
                }
            }
            // Ends before there are workers.
            Workload::Load => {}
        }
    }

    fn put_read(&mut self, out: &mut Vec<u8>, xid: i32, op: OpCode) {
        let at = begin_frame(out, xid, op);
        let path = self.random_path();
        out.extend_from_slice(&self.paths[path]);
        out.push(0);
        set_length(out, at);
    }

    fn put_set(&mut self, out: &mut Vec<u8>, xid: i32) {
        let at = begin_frame(out, xid, OpCode::SetData);
        let path = self.random_path();
        out.extend_from_slice(&self.paths[path]);
        out.extend_from_slice(&self.rest);
        set_length(out, at);
    }

    fn put_create(&mut self, out: &mut Vec<u8>, xid: i32, folder: &str, number: u64) {
        let at = begin_frame(out, xid, OpCode::Create);
        let mut digits = [0; 20];
        let digits = decimal(number, &mut digits);
        out.put_i32((folder.len() + 1 + digits.len()) as i32);
        out.extend_from_slice(folder.as_bytes());
        out.push(b'/');
        out.extend_from_slice(digits);
        out.extend_from_slice(&self.rest);
        set_length(out, at);
    }

    fn random_path(&mut self) -> usize {
        (self.next_random() % self.paths.len() as u64) as usize
    }

    /// xorshift64*: a few cycles per draw.
    fn next_random(&mut self) -> u64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }
}

fn path_field(path: &str) -> Box<[u8]> {
    let mut field = Vec::new();
    field.put_string(Some(path));
    field.into()
}

fn set_data_rest(data: &[u8]) -> Vec<u8> {
    let mut rest = Vec::new();
    rest.put_buffer(Some(data));
    rest.put_i32(-1);
    rest
}

/// The decimal digits of a number, without allocation.
fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

#[cfg(test)]
mod tests {
    use jute::Reader;
    use proto::{Request, RequestHeader};

    use super::*;

    fn next(workload: Workload) -> (i32, Vec<u8>) {
        let mut args = Args::new(Vec::new(), workload);
        args.size = 5;
        let nodes = Nodes::new(&args);
        let mut out = Vec::new();
        Requests::new(&args, &nodes, 1).put_next(&mut out, 7, "/f", 1230);
        let mut reader = Reader::new(&out);
        assert_eq!(reader.i32().unwrap() as usize, out.len() - 4);
        let header = RequestHeader::decode(&mut reader).unwrap();
        assert_eq!(header.xid, 7);
        (header.op, reader.remaining().to_vec())
    }

    #[test]
    fn every_workload_writes_requests_that_decode() {
        let cases = [
            (Workload::Get, OpCode::GetData),
            (Workload::List, OpCode::GetChildren2),
            (Workload::Set, OpCode::SetData),
            (Workload::Create, OpCode::Create),
            (Workload::Mixed { read_percent: 100 }, OpCode::GetData),
            (Workload::Mixed { read_percent: 0 }, OpCode::SetData),
        ];
        for (workload, op) in cases {
            let (code, body) = next(workload);
            assert_eq!(code, op.code());
            let mut reader = Reader::new(&body);
            let request = Request::decode(op, &mut reader).unwrap();
            assert!(reader.remaining().is_empty(), "{workload}");
            if let Request::Create(create) = request {
                assert_eq!(create.path.as_deref(), Some("/f/1230"));
            }
        }
    }
}
