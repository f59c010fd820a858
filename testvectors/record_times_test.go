package testvectors

import "slices"

var goodTimes = []sample{
	{"first", "1970-01-01T00:00:00Z", "The first time."},
	{"last", "9999-12-31T23:59:59Z", "The last time."},
	{"leap-day", "2024-02-29T12:00:00Z", "A leap day."},
	{"leap-day-of-2000", "2000-02-29T12:00:00Z", "A leap day: 2000 is divisible by 400."},
	{"last-second-of-day", "2026-01-05T23:59:59Z", "The last second of a day."},
	{"before-leap-second", "2016-12-31T23:59:59Z", "The second before a leap second."},
}

var badTimes = []sample{
	{"empty", "", "The time is empty."},
	{"1969", "1969-12-31T23:59:59Z", "The time is before 1970."},
	{"year-0000", "0000-01-01T00:00:00Z", "The time is before 1970."},
	{"year-10000", "10000-01-01T00:00:00Z", "The time is after 9999."},
	{"year-of-2-digits", "26-01-05T09:00:00Z", "The year has two digits."},
	{"year-with-sign", "+2026-01-05T09:00:00Z", "The year has a sign."},
	{"month-00", "2026-00-05T09:00:00Z", "There is no month 0."},
	{"month-13", "2026-13-05T09:00:00Z", "There is no month 13."},
	{"month-of-1-digit", "2026-1-05T09:00:00Z", "The month has one digit."},
	{"day-00", "2026-01-00T09:00:00Z", "There is no day 0."},
	{"day-32", "2026-01-32T09:00:00Z", "January has 31 days."},
	{"april-31", "2026-04-31T09:00:00Z", "April has 30 days."},
	{"february-29", "2026-02-29T09:00:00Z", "2026 is no leap year."},
	{"february-29-of-2100", "2100-02-29T09:00:00Z", "2100 is no leap year."},
	{"february-30", "2024-02-30T09:00:00Z", "February has at most 29 days."},
	{"day-of-1-digit", "2026-01-5T09:00:00Z", "The day has one digit."},
	{"hour-24", "2026-01-05T24:00:00Z", "The day ends before hour 24."},
	{"hour-of-1-digit", "2026-01-05T9:00:00Z", "The hour has one digit."},
	{"minute-60", "2026-01-05T09:60:00Z", "The hour ends before minute 60."},
	{"second-60", "2026-01-05T09:00:60Z", "The minute ends before second 60."},
	{"leap-second", "2016-12-31T23:59:60Z", "A leap second, which records do not have."},
	{"without-seconds", "2026-01-05T09:00Z", "The seconds are missing."},
	{"with-fraction", "2026-01-05T09:00:00.0Z", "The seconds have a fraction."},
	{"with-comma-fraction", "2026-01-05T09:00:00,5Z", "The seconds have a fraction after a comma."},
	{"without-zone", "2026-01-05T09:00:00", "The Z is missing."},
	{"with-offset", "2026-01-05T09:00:00+00:00", "UTC is written as an offset."},
	{"with-other-offset", "2026-01-05T09:00:00+01:00", "The time is not in UTC."},
	{"lowercase-t", "2026-01-05t09:00:00Z", "The T is in lowercase."},
	{"lowercase-z", "2026-01-05T09:00:00z", "The Z is in lowercase."},
	{"space-for-t", "2026-01-05 09:00:00Z", "A space stands for the T."},
	{"without-hyphens", "20260105T090000Z", "The separators are missing."},
	{"posix", "1767603600", "The time is in POSIX seconds."},
	{"date", "2026-01-05", "The time is a date."},
	{"space-after", "2026-01-05T09:00:00Z ", "A space follows the time."},
	{"fullwidth-digit", "202６-01-05T09:00:00Z", "A digit is outside ASCII."},
}

var badDates = []sample{
	{"empty", "", "The date is empty."},
	{"1969", "1969-12-31", "The date is before 1970."},
	{"year-10000", "10000-01-01", "The date is after 9999."},
	{"month-13", "2026-13-05", "There is no month 13."},
	{"month-00", "2026-00-05", "There is no month 0."},
	{"month-of-1-digit", "2026-7-05", "The month has one digit."},
	{"day-00", "2026-07-00", "There is no day 0."},
	{"day-of-1-digit", "2026-07-5", "The day has one digit."},
	{"june-31", "2026-06-31", "June has 30 days."},
	{"february-29", "2026-02-29", "2026 is no leap year."},
	{"february-29-of-2100", "2100-02-29", "2100 is no leap year."},
	{"slashes", "2026/07/01", "Slashes stand for hyphens."},
	{"without-hyphens", "20260701", "The hyphens are missing."},
	{"time", "2026-07-01T00:00:00Z", "The date is a time."},
	{"space-after", "2026-07-01 ", "A space follows the date."},
	{"day-first", "01-07-2026", "The day comes first."},
}

var goodDates = []sample{
	{"first", "1970-01-01", "The first date."},
	{"last", "9999-12-31", "The last date."},
	{"leap-day", "2028-02-29", "A leap day."},
	{"leap-day-of-2400", "2400-02-29", "A leap day: 2400 is divisible by 400."},
}

func recordTimes() []vector {
	c, s, t := contractModel, statementModel, terminationModel
	made := revocationModel.line("made")
	until := contractModel
	until.text = c.text.without("from")
	from := contractModel
	from.text = c.text.without("until")
	pair := func(made, signBy string) lines {
		return c.text.with("made", "made "+made).with("sign-by", "sign-by "+signBy)
	}
	vs := slices.Concat(made.accept(goodTimes...), made.refuse(badTimes...), s.line("sign-by").refuse(badTimes...),
		until.line("until").accept(goodDates...), until.line("until").refuse(badDates...),
		from.line("from").accept(goodDates...), from.line("from").refuse(badDates...),
		t.line("effective").accept(goodDates...), t.line("effective").refuse(badDates...))
	return append(vs,
		c.ok("sign-by-1-second-after-made", "The shortest time to sign.", pair("2026-01-05T09:00:00Z", "2026-01-05T09:00:01Z")),
		c.ok("sign-by-366-days-after-made", "The longest time to sign.", pair("2026-01-05T09:00:00Z", "2027-01-06T09:00:00Z")),
		c.ok("sign-by-366-days-after-made-over-leap-day", "The longest time to sign, a leap year.", pair("2028-01-05T09:00:00Z", "2029-01-05T09:00:00Z")),
		c.ok("sign-by-at-the-last-time", "A contract made at the last time but one.", pair("9999-12-31T23:59:58Z", "9999-12-31T23:59:59Z")),
		c.ok("made-at-the-first-time", "A contract made at the first time.", pair("1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z")),
		c.bad("sign-by-is-made", "sign-by is made, and has to be later.", pair("2026-01-05T09:00:00Z", "2026-01-05T09:00:00Z")),
		c.bad("sign-by-before-made", "sign-by is a second before made.", pair("2026-01-05T09:00:00Z", "2026-01-05T08:59:59Z")),
		c.bad("sign-by-366-days-and-1-second-after-made", "sign-by is a second too late.", pair("2026-01-05T09:00:00Z", "2027-01-06T09:00:01Z")),
		s.bad("sign-by-366-days-and-1-second-after-made", "sign-by is a second too late.", s.text.with("sign-by", "sign-by 2027-03-02T00:00:01Z")),
		t.bad("sign-by-is-made", "sign-by is made, and has to be later.", t.text.with("sign-by", "sign-by 2026-05-01T12:30:59Z")),
		c.ok("until-is-from", "A contract is in force for one day.", c.text.with("until", "until 2026-02-01")),
		c.bad("until-before-from", "until is the day before from.", c.text.with("until", "until 2026-01-31")),
		c.ok("from-before-made", "from may be before made.", c.text.with("from", "from 2020-01-01")),
		c.ok("until-before-made", "until may be before made, with from.", c.text.with("from", "from 2020-01-01").with("until", "until 2020-12-31")),
	)
}
