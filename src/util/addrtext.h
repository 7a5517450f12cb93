/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses, prefixes and endpoints as people write them: "10.1.2.2",
 * "2001:db8::/32", "10.1.2.2:6789", "[2001:db8::1]:6789".
 */
#ifndef UTIL_ADDRTEXT_H
#define UTIL_ADDRTEXT_H

#include <stddef.h>

#include <anchor/types.h>

/* Room for any of them, with brackets, port and the final NUL. */
#define ADDRTEXT_MAX 64

/*
 * Parsers return 0 or -EINVAL and write only on 0. An IPv4-mapped IPv6
 * address becomes IPv4. A prefix without a length is one address; one with
 * host bits set is refused with -EDOM.
 */
int addrtext_parse(const char *text, struct anchor_addr *ret_addr);
int addrtext_parse_prefix(const char *text, struct anchor_prefix *ret_prefix);
int addrtext_parse_endpoint(const char *text,
			    struct anchor_endpoint *ret_endpoint);

/* Writers fill buf, which holds ADDRTEXT_MAX, and return it. */
const char *addrtext(const struct anchor_addr *addr, char *buf);
const char *addrtext_prefix(const struct anchor_prefix *prefix, char *buf);
const char *addrtext_endpoint(const struct anchor_endpoint *endpoint,
			      char *buf);

#endif
