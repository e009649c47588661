/* SPDX-License-Identifier: Apache-2.0 */
/* What template parameters (T_, T0_ …) of a mangled name mean where they stand. */
#include "image/demangle_printer.h"

uint32_t ptm_print_list_item(const ptm_printer *p, uint32_t list, int32_t index)
{
	while (list && index-- > 0)
		list = ptm_printed(p, list)->right;
	return list && ptm_printed_kind(p, list) == PART_LIST ? ptm_printed(p, list)->left : 0;
}

void ptm_print_enter_scope(ptm_printer *p, uint32_t template)
{
	ptm_status status = p->scopes.length ? PTM_OK : ptm_array_push(&p->scopes, (ptm_template_scope){ 0 });
	if (status == PTM_OK)
		status = ptm_array_push(&p->scopes, ((ptm_template_scope){ template, p->scope }));
	if (status == PTM_OK)
		p->scope = p->scopes.length - 1;
	else if (p->status == PTM_OK)
		p->status = status;
}

uint32_t ptm_print_argument_of(ptm_printer *p, uint32_t parameter)
{
	if (!p->scope) {
		ptm_print_fail(p);
		return 0;
	}
	return ptm_print_list_item(p, ptm_printed(p, p->scopes.at[p->scope].template)->right, ptm_printed(p, parameter)->number);
}

uint32_t ptm_print_find_pack(ptm_printer *p, uint32_t part, uint32_t depth)
{
	if (!part || depth > PTM_DEMANGLE_DEPTH || ++p->steps > PTM_PRINT_STEPS)
		return 0;
	const ptm_name_part *in = ptm_printed(p, part);
	switch (in->kind) {
	case PART_TEMPLATE_PARAMETER: {
		uint32_t argument = ptm_print_argument_of(p, part);
		return argument && ptm_printed_kind(p, argument) == PART_LIST ? argument : 0;
	}
	case PART_PACK_EXPANSION: case PART_LAMBDA: case PART_NAME: case PART_ABI_TAG: case PART_OPERATOR: case PART_BUILTIN:
	case PART_STD_NAME: case PART_FUNCTION_PARAMETER: case PART_UNNAMED: case PART_DEFAULT_ARGUMENT:
		return 0;
	default: break;
	}
	uint32_t found = ptm_print_find_pack(p, in->left, depth + 1);
	if (!found)
		found = ptm_print_find_pack(p, in->right, depth + 1);
	return found ? found : ptm_print_find_pack(p, in->third, depth + 1);
}

uint32_t ptm_print_pack_length(const ptm_printer *p, uint32_t list)
{
	uint32_t length = 0;
	while (list && ptm_printed_kind(p, list) == PART_LIST && ptm_printed(p, list)->left) {
		length++;
		list = ptm_printed(p, list)->right;
	}
	return length;
}

/* Whether a reference, which is being printed, or the parameter that it leads to stands inside of itself. */
static bool is_inside_itself(const ptm_printer *p, uint32_t reference, uint32_t parameter)
{
	for (uint32_t i = 0; i < p->printing.length; i++)
		if (p->printing.at[i] == parameter || (p->printing.at[i] == reference && i + 1 < p->printing.length))
			return true;
	return false;
}

void ptm_print_enter_kept_scope(ptm_printer *p, uint32_t reference, uint32_t parameter)
{
	for (uint32_t i = 0; i < p->kept.length; i++) {
		if (p->kept.at[i].parameter != parameter)
			continue;
		if (!is_inside_itself(p, reference, parameter))
			p->scope = p->kept.at[i].scope;
		return;
	}
	ptm_status status = ptm_array_push(&p->kept, ((ptm_kept_scope){ parameter, p->scope }));
	if (p->status == PTM_OK)
		p->status = status;
}
