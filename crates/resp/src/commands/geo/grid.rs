//! Places on the earth as numbers: longitude and latitude in 26 bits each, interleaved, so that
//! what is near in number is near on the map. A number of fewer steps is a cell of a coarser grid.

/// Bits of each coordinate.
const STEPS_MAX: u32 = 26;

const LONGITUDE_MAX: f64 = 180.0;
/// Where the square map of the Mercator projection ends.
const LATITUDE_MAX: f64 = 85.051_128_78;

const EARTH_RADIUS_M: f64 = 6_372_797.560_856;
/// Half the equator on the map.
const MERCATOR_MAX_M: f64 = 20_037_726.37;

/// Degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) longitude: f64,
    pub(super) latitude: f64,
}

impl Point {
    /// The middle of the finest cell of a score.
    pub(super) fn of_score(score: f64) -> Point {
        let (low, high) = Cell::of_bits(bits_of_score(score)).corners();
        let middle = |a: f64, b: f64, max: f64| f64::midpoint(a, b).clamp(-max, max);
        Point {
            longitude: middle(low.longitude, high.longitude, LONGITUDE_MAX),
            latitude: middle(low.latitude, high.latitude, LATITUDE_MAX),
        }
    }

    pub(super) fn score(self) -> f64 {
        Cell::around(self, STEPS_MAX).bits() as f64
    }

    pub(super) fn is_on_the_map(self) -> bool {
        self.longitude.abs() <= LONGITUDE_MAX && self.latitude.abs() <= LATITUDE_MAX
    }

    /// Along the great circle, by the haversine formula.
    pub(super) fn meters_to(self, other: Point) -> f64 {
        let half_sine = |from: f64, to: f64| ((to.to_radians() - from.to_radians()) / 2.0).sin();
        let v = half_sine(self.longitude, other.longitude);
        if v.abs() <= 0.0 {
            return self.meters_north(other);
        }
        let u = half_sine(self.latitude, other.latitude);
        let cosines = self.latitude.to_radians().cos() * other.latitude.to_radians().cos();
        let a = u * u + cosines * v * v;
        2.0 * EARTH_RADIUS_M * a.sqrt().asin()
    }

    /// Along a meridian.
    pub(super) fn meters_north(self, other: Point) -> f64 {
        EARTH_RADIUS_M * (other.latitude.to_radians() - self.latitude.to_radians()).abs()
    }

    /// The eleven letters of the common geohash, whose latitudes end at the poles. The last one
    /// would need bits that there are not.
    pub(super) fn letters(self) -> [u8; 11] {
        let share = |value: f64, max: f64| (value + max) / (2.0 * max);
        let bits = interleave(
            scaled(share(self.latitude, 90.0), STEPS_MAX),
            scaled(share(self.longitude, LONGITUDE_MAX), STEPS_MAX),
        );
        std::array::from_fn(|nth| {
            let five = if nth == 10 { 0 } else { bits >> (47 - 5 * nth) & 31 };
            LETTERS[five as usize]
        })
    }
}

const LETTERS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// A score as bits, as x86-64 converts a double to them, whatever it is.
fn bits_of_score(score: f64) -> u64 {
    const UPPER_HALF: f64 = (1_u64 << 63) as f64;
    if score < UPPER_HALF {
        return score as i64 as u64;
    }
    if score < 2.0 * UPPER_HALF { (score - UPPER_HALF) as u64 | 1 << 63 } else { 0 }
}

/// A cell of the grid that has `2^steps` rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    column: u32,
    row: u32,
    steps: u32,
}

impl Cell {
    fn around(point: Point, steps: u32) -> Cell {
        let share = |value: f64, max: f64| (value + max) / (2.0 * max);
        Cell {
            column: scaled(share(point.longitude, LONGITUDE_MAX), steps),
            row: scaled(share(point.latitude, LATITUDE_MAX), steps),
            steps,
        }
    }

    fn of_bits(bits: u64) -> Cell {
        Cell { column: squeeze(bits >> 1), row: squeeze(bits), steps: STEPS_MAX }
    }

    fn bits(self) -> u64 {
        interleave(self.row, self.column)
    }

    /// Scores from the first of these up to the second lie in the cell.
    pub(super) fn scores(self) -> (f64, f64) {
        let aligned = |bits: u64| (bits << (2 * (STEPS_MAX - self.steps))) as f64;
        (aligned(self.bits()), aligned(self.bits() + 1))
    }

    /// South-west and north-east.
    fn corners(self) -> (Point, Point) {
        let n_cells = f64::from(1 << self.steps);
        let at = |nth: f64, max: f64| -max + nth / n_cells * (max + max);
        let corner = |more: f64| Point {
            longitude: at(f64::from(self.column) + more, LONGITUDE_MAX),
            latitude: at(f64::from(self.row) + more, LATITUDE_MAX),
        };
        (corner(0.0), corner(1.0))
    }

    /// So many columns east and rows north, around the ends of the grid.
    fn moved(self, east: i32, north: i32) -> Cell {
        let mask = (1 << self.steps) - 1;
        let moved = |at: u32, by: i32| {
            if by == 0 { at } else { at.wrapping_add_signed(by) & mask }
        };
        Cell { column: moved(self.column, east), row: moved(self.row, north), ..self }
    }
}

fn scaled(share: f64, steps: u32) -> u32 {
    (share * f64::from(1 << steps)) as u32
}

/// The first argument's bits at the even places, the second's at the odd ones.
fn interleave(even: u32, odd: u32) -> u64 {
    spread(even) | spread(odd) << 1
}

const STRIDES: [(u32, u64); 5] = [
    (16, 0x0000_ffff_0000_ffff),
    (8, 0x00ff_00ff_00ff_00ff),
    (4, 0x0f0f_0f0f_0f0f_0f0f),
    (2, 0x3333_3333_3333_3333),
    (1, 0x5555_5555_5555_5555),
];

/// Puts a gap behind each bit.
fn spread(bits: u32) -> u64 {
    STRIDES.iter().fold(u64::from(bits), |it, (shift, mask)| (it | it << shift) & mask)
}

/// Takes the bits at the even places.
fn squeeze(bits: u64) -> u32 {
    let mut squeezed = bits & STRIDES[4].1;
    for (nth, (shift, _)) in STRIDES.iter().enumerate().rev() {
        let mask = if nth == 0 { u64::from(u32::MAX) } else { STRIDES[nth - 1].1 };
        squeezed = (squeezed | squeezed >> shift) & mask;
    }
    squeezed as u32
}

/// What is searched, in meters.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Circle { radius: f64 },
    Box { width: f64, height: f64 },
}

impl Shape {
    /// The distance of a point that lies in the shape.
    pub(super) fn distance(self, center: Point, point: Point) -> Option<f64> {
        match self {
            Shape::Circle { radius } => {
                Some(center.meters_to(point)).filter(|distance| *distance <= radius)
            }
            Shape::Box { width, height } => {
                let beside = Point { longitude: center.longitude, ..point };
                let is_inside = point.meters_north(center) <= height / 2.0
                    && point.meters_to(beside) <= width / 2.0;
                is_inside.then(|| center.meters_to(point))
            }
        }
    }

    /// Half its width and half its height.
    fn halves(self) -> (f64, f64) {
        match self {
            Shape::Circle { radius } => (radius, radius),
            Shape::Box { width, height } => (width / 2.0, height / 2.0),
        }
    }

    fn radius(self) -> f64 {
        match self {
            Shape::Circle { radius } => radius,
            Shape::Box { width, height } => (width / 2.0).hypot(height / 2.0),
        }
    }

    /// The corners of a box around the shape: south-west and north-east.
    fn bounds(self, center: Point) -> (Point, Point) {
        let (half_width, half_height) = self.halves();
        let north = (half_height / EARTH_RADIUS_M).to_degrees();
        // The side nearer to the pole spans more degrees.
        let widest = if center.latitude < 0.0 { -north } else { north };
        let cosine = (center.latitude + widest).to_radians().cos();
        let east = (half_width / EARTH_RADIUS_M / cosine).to_degrees();
        let Point { longitude, latitude } = center;
        let low = Point { longitude: longitude - east, latitude: latitude - north };
        let high = Point { longitude: longitude + east, latitude: latitude + north };
        (low, high)
    }

    /// Cells that together hold the shape, in the order in which they are searched: the one in
    /// the middle and those of its neighbours that the shape reaches into.
    pub(super) fn cells(self, center: Point) -> Vec<Cell> {
        let (low, high) = self.bounds(center);
        let mut middle = Cell::around(center, steps_for(self.radius(), center.latitude));
        if middle.steps > 1 && !middle.neighbours_hold(low, high) {
            middle = Cell::around(center, middle.steps - 1);
        }
        let (south_west, north_east) = middle.corners();
        let is_useless = |east: i32, north: i32| {
            middle.steps >= 2
                && ((north < 0 && south_west.latitude < low.latitude)
                    || (north > 0 && north_east.latitude > high.latitude)
                    || (east < 0 && south_west.longitude < low.longitude)
                    || (east > 0 && north_east.longitude > high.longitude))
        };
        let mut cells = Vec::with_capacity(DIRECTIONS.len());
        for (east, north) in DIRECTIONS {
            let cell = middle.moved(east, north);
            // On a coarse grid neighbours are the same.
            if !is_useless(east, north) && cells.last() != Some(&cell) {
                cells.push(cell);
            }
        }
        cells
    }
}

/// East and north, the middle first.
const DIRECTIONS: [(i32, i32); 9] =
    [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];

impl Cell {
    /// True when the neighbours reach as far as these corners.
    fn neighbours_hold(self, low: Point, high: Point) -> bool {
        let corners = |east: i32, north: i32| self.moved(east, north).corners();
        corners(0, 1).1.latitude >= high.latitude
            && corners(0, -1).0.latitude <= low.latitude
            && corners(1, 0).1.longitude >= high.longitude
            && corners(-1, 0).0.longitude <= low.longitude
    }
}

/// Steps of the finest grid of which nine cells hold a circle of this radius.
fn steps_for(radius: f64, latitude: f64) -> u32 {
    if radius <= 0.0 {
        return STEPS_MAX;
    }
    let (mut steps, mut reach) = (-1, radius);
    while reach < MERCATOR_MAX_M {
        reach *= 2.0;
        steps += 1;
    }
    // Towards the poles the cells get narrower.
    steps -= i32::from(latitude.abs() > 66.0) + i32::from(latitude.abs() > 80.0);
    steps.clamp(1, STEPS_MAX as i32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interleaved_bits_come_apart_again() {
        for (even, odd) in [(0, 0), (1, 0), (0, 1), (0x3ff_ffff, 0x155_5555), (0x400_0000, 77)] {
            let bits = interleave(even, odd);
            assert_eq!((squeeze(bits), squeeze(bits >> 1)), (even, odd));
        }
    }

    #[test]
    fn a_place_comes_back_within_a_meter() {
        let place = Point { longitude: 13.361_389, latitude: 38.115_556 };
        assert_eq!(place.score().to_bits(), 3_479_099_956_230_698_f64.to_bits());
        let back = Point::of_score(place.score());
        assert!(place.meters_to(back) < 1.0);
        assert_eq!(&back.letters(), b"sqc8b49rny0");
    }

    /// Whatever lies in a circle lies in one of its cells.
    #[test]
    fn cells_hold_what_lies_in_the_shape() {
        let mut random = fastrand::Rng::with_seed(7);
        let place = |random: &mut fastrand::Rng, reach: f64| Point {
            longitude: (random.f64() - 0.5) * reach,
            latitude: (random.f64() - 0.5) * reach,
        };
        for _ in 0..20_000 {
            let center = place(&mut random, 100.0);
            let shape = Shape::Circle { radius: 10_f64.powf(1.0 + 4.5 * random.f64()) };
            let (low, high) = shape.bounds(center);
            let point = Point {
                longitude: low.longitude + random.f64() * (high.longitude - low.longitude),
                latitude: low.latitude + random.f64() * (high.latitude - low.latitude),
            };
            if shape.distance(center, point).is_none() {
                continue;
            }
            let score = point.score();
            let holds = |cell: &Cell| (cell.scores().0..cell.scores().1).contains(&score);
            assert!(shape.cells(center).iter().any(holds), "{center:?} {shape:?} {point:?}");
        }
    }
}
