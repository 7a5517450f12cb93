/* SPDX-License-Identifier: BSD-3-Clause */
/* Actions in words. */
#include <stdio.h>

#include "host/describe.h"
#include "util/addrtext.h"

const char *describe_verb(enum core_action_type type)
{
	switch (type) {
	case CORE_ACTION_ANNOUNCE:
		return "announce";
	case CORE_ACTION_WITHDRAW:
		return "withdraw";
	case CORE_ACTION_OPEN:
		return "open";
	case CORE_ACTION_CLOSE:
		return "close";
	case CORE_ACTION_DEMOTE:
		return "demote";
	case CORE_ACTION_PROMOTE:
		return "promote";
	case CORE_ACTION_SAMPLE:
		return "sample";
	}

	return "?";
}

static const char *endpoint_text(const struct anchor_endpoint *endpoint,
				 char *buf)
{
	if (endpoint->port)
		return addrtext_endpoint(endpoint, buf);

	return addrtext(&endpoint->addr, buf);
}

const char *describe_action(const struct core_action *action, char *buf)
{
	char local[ADDRTEXT_MAX];
	char remote[ADDRTEXT_MAX];

	endpoint_text(&action->local, local);
	endpoint_text(&action->remote, remote);

	switch (action->type) {
	case CORE_ACTION_ANNOUNCE:
	case CORE_ACTION_WITHDRAW:
		snprintf(buf, DESCRIBE_MAX, "%s %08x %s id %u%s",
			 describe_verb(action->type), action->token, local, action->id,
			 action->bare ? " bare" : "");
		break;
	case CORE_ACTION_OPEN:
		snprintf(buf, DESCRIBE_MAX, "%s %08x %s -> %s id %u%s",
			 describe_verb(action->type), action->token, local, remote,
			 action->id, action->backup ? " backup" : "");
		break;
	case CORE_ACTION_CLOSE:
	case CORE_ACTION_DEMOTE:
	case CORE_ACTION_PROMOTE:
	case CORE_ACTION_SAMPLE:
		snprintf(buf, DESCRIBE_MAX, "%s %08x %s - %s",
			 describe_verb(action->type), action->token, local, remote);
		break;
	}

	return buf;
}

const char *describe_reason(enum core_reason reason)
{
	switch (reason) {
	case CORE_REASON_PLAN:
		return "the policy asks for it";
	case CORE_REASON_LINK:
		return "its link or address is not usable";
	case CORE_REASON_REPEAT:
		return "the peer may have missed that it was withdrawn";
	case CORE_REASON_SURPLUS:
		return "the policy does not ask for it";
	case CORE_REASON_REPLACED:
		return "the policy wants another in its place";
	case CORE_REASON_STUCK:
		return "a subflow there gets no answers";
	case CORE_REASON_DEAD:
		return "nothing is answered there";
	case CORE_REASON_STRANDED:
		return "it gets no answers, another one there does";
	case CORE_REASON_KEEPALIVE:
		return "to see whether an idle path is alive";
	case CORE_REASON_RENEWED:
		return "another one has shown that its path is alive";
	case CORE_REASON_WITHDRAWN:
		return "the peer has withdrawn the address";
	case CORE_REASON_LOOK:
		return "it may be silent";
	case CORE_REASON_LIMIT:
		return "the connection has too many subflows";
	case CORE_REASON_RESTORE:
		return "the kernel dropped it with a subflow";
	case CORE_REASON_UNHEARD:
		return "the peer joins, but not there: it is announced again";
	case CORE_REASON_DIRECT:
		return "a direct path is up";
	case CORE_REASON_ALONE:
		return "no direct path is up";
	case CORE_REASON_NUDGE:
		return "what was announced or withdrawn waits for an ACK";
	}

	return "?";
}
