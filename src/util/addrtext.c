/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses as people write them, over inet_pton(3) and inet_ntop(3), which
 * already refuse what is ambiguous: "10.1", "010.0.0.1", "fe80::1%eth1".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "util/addrtext.h"

#define MAPPED_LEN 96

static const uint8_t mapped[MAPPED_LEN / 8] = { [10] = 0xff, [11] = 0xff };

int addrtext_parse(const char *text, struct anchor_addr *ret_addr)
{
	struct anchor_addr addr = { 0 };

	if (inet_pton(AF_INET, text, addr.bytes) == 1) {
		addr.family = ANCHOR_FAMILY_INET;
	} else if (inet_pton(AF_INET6, text, addr.bytes) == 1) {
		addr.family = ANCHOR_FAMILY_INET6;
		if (!memcmp(addr.bytes, mapped, sizeof(mapped))) {
			addr.family = ANCHOR_FAMILY_INET;
			memmove(addr.bytes, addr.bytes + sizeof(mapped), 4);
			memset(addr.bytes + 4, 0, sizeof(addr.bytes) - 4);
		}
	} else {
		return -EINVAL;
	}

	*ret_addr = addr;
	return 0;
}

/* Digits only, without leading zeros, so that a number has one spelling. */
static int parse_number(const char *text, unsigned int max,
			unsigned int *ret_number)
{
	unsigned int number = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;

	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;

		number = number * 10 + (unsigned int) (*text - '0');
		if (number > max)
			return -EINVAL;
	}

	*ret_number = number;
	return 0;
}

static bool has_host_bits(const struct anchor_addr *addr, unsigned int len)
{
	for (unsigned int bit = len; bit < anchor_addr_bits(addr); bit++)
		if (addr->bytes[bit / 8] & (0x80 >> (bit % 8)))
			return true;

	return false;
}

/* Copies the text before end, which is in text. */
static int take(const char *text, const char *end, char *buf)
{
	size_t len = (size_t) (end - text);

	if (len >= ADDRTEXT_MAX)
		return -EINVAL;

	memcpy(buf, text, len);
	buf[len] = '\0';
	return 0;
}

static int parse_prefix_len(const char *text, bool mapped_text,
			    const struct anchor_addr *addr,
			    unsigned int *ret_len)
{
	unsigned int bits = mapped_text ? 128 : anchor_addr_bits(addr);
	unsigned int len;

	if (parse_number(text, bits, &len) < 0)
		return -EINVAL;

	if (mapped_text && len < MAPPED_LEN)
		return -EDOM;

	*ret_len = mapped_text ? len - MAPPED_LEN : len;
	return 0;
}

int addrtext_parse_prefix(const char *text, struct anchor_prefix *ret_prefix)
{
	const char *slash = strchr(text, '/');
	char host[ADDRTEXT_MAX];
	struct anchor_addr addr;
	unsigned int len;
	int err;

	if (take(text, slash ? slash : text + strlen(text), host) < 0 ||
	    addrtext_parse(host, &addr) < 0)
		return -EINVAL;

	len = anchor_addr_bits(&addr);
	if (slash) {
		bool mapped_text = addr.family == ANCHOR_FAMILY_INET &&
			strchr(host, ':');

		err = parse_prefix_len(slash + 1, mapped_text, &addr, &len);
		if (err < 0)
			return err;
	}

	if (has_host_bits(&addr, len))
		return -EDOM;

	*ret_prefix = (struct anchor_prefix) { addr, (uint8_t) len };
	return 0;
}

int addrtext_parse_endpoint(const char *text,
			    struct anchor_endpoint *ret_endpoint)
{
	const char *colon = strrchr(text, ':');
	bool bracket = text[0] == '[';
	const char *end = colon;
	struct anchor_addr addr;
	char host[ADDRTEXT_MAX];
	unsigned int port;

	if (!colon || parse_number(colon + 1, UINT16_MAX, &port) < 0)
		return -EINVAL;

	if (bracket) {
		text++;
		end--;
		if (end < text || *end != ']')
			return -EINVAL;
	}

	/* Brackets, exactly around what is written with colons. */
	if (take(text, end, host) < 0 || bracket != !!strchr(host, ':') ||
	    addrtext_parse(host, &addr) < 0)
		return -EINVAL;

	*ret_endpoint = (struct anchor_endpoint) { addr, (uint16_t) port };
	return 0;
}

const char *addrtext(const struct anchor_addr *addr, char *buf)
{
	int family = addr->family == ANCHOR_FAMILY_INET6 ? AF_INET6 : AF_INET;

	if (addr->family == ANCHOR_FAMILY_NONE)
		return strcpy(buf, "-");

	return inet_ntop(family, addr->bytes, buf, ADDRTEXT_MAX);
}

const char *addrtext_prefix(const struct anchor_prefix *prefix, char *buf)
{
	char host[ADDRTEXT_MAX];

	addrtext(&prefix->addr, host);
	if (prefix->len == anchor_addr_bits(&prefix->addr))
		return strcpy(buf, host);

	snprintf(buf, ADDRTEXT_MAX, "%.50s/%u", host, prefix->len);
	return buf;
}

const char *addrtext_endpoint(const struct anchor_endpoint *endpoint,
			      char *buf)
{
	bool bracket = endpoint->addr.family == ANCHOR_FAMILY_INET6;
	char host[ADDRTEXT_MAX];

	snprintf(buf, ADDRTEXT_MAX, "%s%.50s%s:%u", bracket ? "[" : "",
		 addrtext(&endpoint->addr, host), bracket ? "]" : "",
		 endpoint->port);
	return buf;
}
