use proto::{MultiHeader, OpCode};

use super::Generator;
use crate::client::request::{self, Part, open_acl};

/// What only a confused client puts into a multi.
const FOREIGN: [i32; 10] = [3, 6, 7, 9, 12, 14, 22, -11, 99, 0];

impl Generator {
    /// The body of a multi.
    pub(super) fn multi(&mut self) -> Vec<u8> {
        match self.rng.weighted(&[55, 35, 3, 4, 3]) {
            0 => self.likely_multi(),
            1 => {
                let count = self.rng.number(&[1, 1, 2, 2, 3, 4, 6, 12]);
                let parts: Vec<Part> = (0..count).map(|_| self.write_part()).collect();
                request::multi(&parts)
            }
            2 => request::multi(&[]),
            3 => self.mixed_multi(),
            _ => self.badly_framed_multi(),
        }
    }

    /// The body of a multiRead.
    pub(super) fn multi_read(&mut self) -> Vec<u8> {
        if self.rng.chance(40) {
            return self.mixed_multi();
        }
        let parts: Vec<Part> = (0..self.rng.below(6)).map(|_| self.read_part()).collect();
        request::multi(&parts)
    }

    /// Parts that build on each other and mostly succeed.
    fn likely_multi(&mut self) -> Vec<u8> {
        let base = match self.rng.below(4) {
            0 => self.plain_path(),
            _ => format!("/m{}", self.rng.below(200)),
        };
        let acl = open_acl();
        let flags = self.rng.number(&[0, 0, 0, 1, 2, 4]);
        let create = self.rng.number(&[OpCode::Create, OpCode::Create2]);
        let body = request::create(Some(&base), Some(b"base"), Some(&acl), flags);
        let mut parts = vec![Part::new(create, body)];
        for _ in 0..self.rng.below(4) {
            let child = format!("{base}/{}", self.rng.pick(&["k", "s", "t"]));
            let flags = self.rng.number(&[0, 1, 2, 3]);
            let body = request::create(Some(&child), None, Some(&acl), flags);
            parts.push(Part::new(OpCode::Create, body));
        }
        if self.rng.chance(600) {
            let body = request::set_data(Some(&base), Some(b"changed"), 0);
            parts.push(Part::new(OpCode::SetData, body));
        }
        if self.rng.chance(500) {
            let body = request::path_version(Some(&base), self.rng.number(&[0, 1, 1, -1]));
            parts.push(Part::new(OpCode::Check, body));
        }
        if self.rng.chance(300) {
            parts.push(Part::new(OpCode::Delete, request::path_version(Some(&base), -1)));
        }
        request::multi(&parts)
    }

    fn mixed_multi(&mut self) -> Vec<u8> {
        let mut parts = Vec::new();
        for _ in 0..1 + self.rng.below(4) {
            let part = match self.rng.below(3) {
                0 => self.write_part(),
                1 => self.read_part(),
                _ => Part { op: self.rng.number(&FOREIGN), ..self.read_part() },
            };
            parts.push(part);
        }
        request::multi(&parts)
    }

    fn badly_framed_multi(&mut self) -> Vec<u8> {
        let part = self.write_part();
        let mut body = Vec::new();
        MultiHeader { op: part.op, done: self.rng.chance(300), err: 5 }.encode(&mut body);
        body.extend_from_slice(&part.body);
        match self.rng.below(3) {
            0 => {}
            1 => MultiHeader { op: -1, done: false, err: -1 }.encode(&mut body),
            _ => MultiHeader { op: 7, done: true, err: 0 }.encode(&mut body),
        }
        body
    }

    fn read_part(&mut self) -> Part {
        let op = self.rng.number(&[OpCode::GetData, OpCode::GetChildren]);
        let path = self.path();
        Part::new(op, request::path_watch(path.as_deref(), self.rng.chance(300)))
    }

    fn write_part(&mut self) -> Part {
        const OPS: [OpCode; 7] = [
            OpCode::Create,
            OpCode::Create2,
            OpCode::CreateContainer,
            OpCode::CreateTtl,
            OpCode::Delete,
            OpCode::SetData,
            OpCode::Check,
        ];
        let op = OPS[self.rng.weighted(&[30, 10, 4, 6, 15, 20, 15])];
        let body = match op {
            OpCode::Delete => self.delete(),
            OpCode::SetData => self.set_data(),
            OpCode::Check => {
                let path = self.path();
                let version = self.version(path.as_deref(), false);
                request::path_version(path.as_deref(), version)
            }
            _ => self.create(op),
        };
        Part::new(op, body)
    }
}
