//! The words of a search.

use tandem_engine::{Key, SortedSetRef};

use super::grid::{Point, Shape};
use super::{place, place_of, unit};
use crate::args::Args;
use crate::double;
use crate::error::Error;

/// What a command's name says of its search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// GEORADIUS and GEORADIUSBYMEMBER: the circle stands in front of the options.
    Radius {
        stores: Stores,
    },
    Search,
    SearchStore,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stores {
    Perhaps,
    Never,
}

/// In which order what is found is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Nearest,
    Farthest,
}

/// What is answered beside a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Beside {
    pub(super) distance: bool,
    pub(super) score: bool,
    pub(super) place: bool,
}

pub(super) struct Words<'a> {
    pub(super) center: Option<Point>,
    pub(super) shape: Option<Shape>,
    /// Meters.
    pub(super) unit: f64,
    pub(super) beside: Beside,
    pub(super) order: Option<Order>,
    /// 0 for all.
    pub(super) count: usize,
    pub(super) any: bool,
    pub(super) target: Option<Key<'a>>,
    pub(super) stores_distance: bool,
    /// A member was named to search around, though there may be no set to find it in.
    from_member: bool,
}

impl<'a> Words<'a> {
    pub(super) fn new() -> Words<'a> {
        Words {
            center: None,
            shape: None,
            unit: 1.0,
            beside: Beside::default(),
            order: None,
            count: 0,
            any: false,
            target: None,
            stores_distance: false,
            from_member: false,
        }
    }

    /// `radius unit`
    pub(super) fn circle(&mut self, args: &mut Args<'_>) -> Result<(), Error> {
        let radius = length(args, "ERR need numeric radius")?;
        if radius < 0.0 {
            return Err(Error::said("ERR radius cannot be negative"));
        }
        self.unit = unit(args)?;
        self.shape = Some(Shape::Circle { radius: radius * self.unit });
        Ok(())
    }

    /// `width height unit`
    fn rectangle(&mut self, args: &mut Args<'_>) -> Result<(), Error> {
        let width = length(args, "ERR need numeric width")?;
        let height = length(args, "ERR need numeric height")?;
        if width < 0.0 || height < 0.0 {
            return Err(Error::said("ERR height or width cannot be negative"));
        }
        self.unit = unit(args)?;
        self.shape = Some(Shape::Box { width: width * self.unit, height: height * self.unit });
        Ok(())
    }

    /// Searches around a member. Where there is no set, nothing will be found in any case.
    pub(super) fn around(
        &mut self,
        set: Option<SortedSetRef<'_>>,
        member: &[u8],
    ) -> Result<(), Error> {
        self.from_member = true;
        if let Some(set) = set {
            let center = place_of(set, member);
            let missing = || Error::said("ERR could not decode requested zset member");
            self.center = Some(center.ok_or_else(missing)?);
        }
        Ok(())
    }

    /// Reads the options, in any order.
    pub(super) fn options(
        &mut self,
        args: &mut Args<'a>,
        command: Command,
        set: Option<SortedSetRef<'_>>,
    ) -> Result<(), Error> {
        while !args.is_done() {
            let is_read = self.answer_option(args)?
                || match command {
                    Command::Radius { stores: Stores::Never } => false,
                    Command::Radius { stores: Stores::Perhaps } => self.target_option(args)?,
                    Command::Search => self.shape_option(args, set)?,
                    Command::SearchStore => {
                        let stores_distance = args.flag("STOREDIST");
                        self.stores_distance |= stores_distance;
                        stores_distance || self.shape_option(args, set)?
                    }
                };
            if !is_read {
                return Err(Error::Syntax);
            }
        }
        Ok(())
    }

    /// What all searches have.
    fn answer_option(&mut self, args: &mut Args<'_>) -> Result<bool, Error> {
        if args.flag("WITHDIST") {
            self.beside.distance = true;
        } else if args.flag("WITHHASH") {
            self.beside.score = true;
        } else if args.flag("WITHCOORD") {
            self.beside.place = true;
        } else if args.flag("ANY") {
            self.any = true;
        } else if args.flag("ASC") {
            self.order = Some(Order::Nearest);
        } else if args.flag("DESC") {
            self.order = Some(Order::Farthest);
        } else if args.option("COUNT") {
            let count = usize::try_from(args.integer()?).unwrap_or(0);
            if count == 0 {
                return Err(Error::said("ERR COUNT must be > 0"));
            }
            self.count = count;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn target_option(&mut self, args: &mut Args<'a>) -> Result<bool, Error> {
        for (word, stores_distance) in [("STORE", false), ("STOREDIST", true)] {
            if args.option(word) {
                self.target = Some(args.key()?);
                self.stores_distance = stores_distance;
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn shape_option(
        &mut self,
        args: &mut Args<'_>,
        set: Option<SortedSetRef<'_>>,
    ) -> Result<bool, Error> {
        let from_place = self.center.is_some() && !self.from_member;
        let is_box = matches!(self.shape, Some(Shape::Box { .. }));
        let is_circle = matches!(self.shape, Some(Shape::Circle { .. }));
        let n_left = args.len();
        if !from_place && args.option("FROMMEMBER") {
            self.around(set, args.next()?)?;
        } else if !self.from_member && n_left > 2 && args.flag("FROMLONLAT") {
            self.center = Some(place(args)?);
        } else if !is_box && n_left > 2 && args.flag("BYRADIUS") {
            self.circle(args)?;
        } else if !is_circle && n_left > 3 && args.flag("BYBOX") {
            self.rectangle(args)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// What cannot be said together, or was not said at all. `name` is the command's.
    pub(super) fn check(&self, command: Command, name: &str) -> Result<(), Error> {
        let is_search = !matches!(command, Command::Radius { .. });
        if self.target.is_some() && self.beside != Beside::default() {
            let what = if is_search { "GEOSEARCHSTORE" } else { "STORE option in GEORADIUS" };
            let rest = "is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
            return Err(Error::said(format!("ERR {what} {rest}")));
        }
        if is_search && self.center.is_none() && !self.from_member {
            let text = "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for";
            return Err(Error::said(format!("{text} {name}")));
        }
        if is_search && self.shape.is_none() {
            let text = "ERR exactly one of BYRADIUS and BYBOX can be specified for";
            return Err(Error::said(format!("{text} {name}")));
        }
        if self.any && self.count == 0 {
            return Err(Error::said("ERR the ANY argument requires COUNT argument"));
        }
        Ok(())
    }
}

fn length(args: &mut Args<'_>, refusal: &'static str) -> Result<f64, Error> {
    double::parse(args.next()?).ok_or_else(|| Error::said(refusal))
}
