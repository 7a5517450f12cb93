/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Types that a policy module shares with Anchor.
 *
 * Nothing here needs a socket header: an address carries its own family
 * number and its bytes in network byte order, a port is in host byte order,
 * and time is a struct so that an instant, a duration and a plain number
 * cannot be mixed up.
 *
 *	struct anchor_time later = anchor_time_add(now, anchor_ms(200));
 *
 *	if (anchor_time_before(later, deadline))
 *		...
 */
#ifndef ANCHOR_TYPES_H
#define ANCHOR_TYPES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* An instant of the host's monotonic clock, in microseconds. */
struct anchor_time {
	int64_t us;
};

/* A duration, in microseconds. */
struct anchor_span {
	int64_t us;
};

/* An instant after every other: a deadline that is not set. */
#define ANCHOR_NEVER ((struct anchor_time) { INT64_MAX })

static inline struct anchor_span anchor_us(int64_t us)
{
	return (struct anchor_span) { us };
}

static inline struct anchor_span anchor_ms(int64_t ms)
{
	return (struct anchor_span) { ms * 1000 };
}

static inline struct anchor_time anchor_time_add(struct anchor_time time,
						 struct anchor_span span)
{
	if (span.us > 0 && time.us > INT64_MAX - span.us)
		return ANCHOR_NEVER;

	return (struct anchor_time) { time.us + span.us };
}

static inline struct anchor_span anchor_time_since(struct anchor_time now,
						   struct anchor_time then)
{
	return (struct anchor_span) { now.us - then.us };
}

static inline bool anchor_time_before(struct anchor_time a,
				      struct anchor_time b)
{
	return a.us < b.us;
}

static inline bool anchor_time_is_never(struct anchor_time time)
{
	return time.us == INT64_MAX;
}

/* The IP version, not the socket API's AF_ number. */
enum anchor_family {
	ANCHOR_FAMILY_NONE = 0,
	ANCHOR_FAMILY_INET = 4,
	ANCHOR_FAMILY_INET6 = 6,
};

/*
 * An IP address. An IPv4 address uses the first four bytes and leaves the
 * rest zero, so two addresses are equal exactly if all their bytes are.
 * An IPv4-mapped IPv6 address is never stored: it is IPv4.
 */
struct anchor_addr {
	uint8_t family;		/* enum anchor_family */
	uint8_t bytes[16];	/* network byte order */
};

struct anchor_prefix {
	struct anchor_addr addr;	/* host bits zero */
	uint8_t len;			/* bits, 0-32 or 0-128 */
};

struct anchor_endpoint {
	struct anchor_addr addr;
	uint16_t port;		/* host byte order, 0: not known */
};

static inline unsigned int anchor_addr_bits(const struct anchor_addr *addr)
{
	return addr->family == ANCHOR_FAMILY_INET ? 32 : 128;
}

static inline bool anchor_addr_equal(const struct anchor_addr *a,
				     const struct anchor_addr *b)
{
	return a->family == b->family &&
		!memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static inline bool anchor_endpoint_equal(const struct anchor_endpoint *a,
					 const struct anchor_endpoint *b)
{
	return a->port == b->port && anchor_addr_equal(&a->addr, &b->addr);
}

/*
 * How many leading bits two addresses share, as RFC 6724 section 2.2 counts
 * them; 0 for addresses of different families.
 */
static inline unsigned int anchor_addr_common(const struct anchor_addr *a,
					      const struct anchor_addr *b)
{
	unsigned int bits = anchor_addr_bits(a);
	unsigned int n = 0;

	if (a->family != b->family)
		return 0;

	while (n < bits && a->bytes[n / 8] == b->bytes[n / 8])
		n += 8;

	if (n == bits)
		return n;

	for (uint8_t differ = a->bytes[n / 8] ^ b->bytes[n / 8];
	     !(differ & 0x80); differ = (uint8_t) (differ << 1))
		n++;

	return n;
}

static inline bool anchor_prefix_contains(const struct anchor_prefix *prefix,
					  const struct anchor_addr *addr)
{
	return prefix->addr.family == addr->family &&
		anchor_addr_common(&prefix->addr, addr) >= prefix->len;
}

#endif
