"""lsnim prints the shapes and widths of nim.md 4.8."""

from __future__ import annotations

import re

import pytest

from .conftest import ssh


def test_plain_list_pads_names_by_five_and_classes_by_seven(shared):
    lines = ssh(shared, "nima", "lsnim").stdout.splitlines()
    assert lines[0] == "master               machines         master"
    assert "nimb                 machines         alternate_master" in lines
    assert "vios1                management       vios" in lines


def test_widths_follow_what_is_listed(shared):
    assert ssh(shared, "nima", "lsnim -t alternate_master").stdout == "nimb     machines       alternate_master\n"


def test_a_vios_is_not_among_the_machines(shared):
    assert "vios1" not in ssh(shared, "nima", "lsnim -c machines").stdout
    assert "vios1" in ssh(shared, "nima", "lsnim -c management").stdout


def test_long_listing_of_a_client_has_the_technotes_attributes_in_their_order(shared):
    assert ssh(shared, "nima", "lsnim -l aix02").stdout == (
        "aix02:\n"
        "   class          = machines\n"
        "   type           = standalone\n"
        "   current_master = nima\n"
        "   sync_required  = no\n"
        "   connect        = nimsh\n"
        "   platform       = chrp\n"
        "   netboot_kernel = 64\n"
        "   if1            = master_net aix02.example.com 8EB200000002 ent0\n"
        "   cable_type1    = N/A\n"
        "   Cstate         = ready for a NIM operation\n"
        "   prev_state     = ready for a NIM operation\n"
        "   Mstate         = currently running\n"
        "   cpuid          = 00F700024C00\n"
    )


def test_spot_attributes_come_in_the_order_of_a_real_listing(shared):
    keys = re.findall(r"^   (\w+) +=", ssh(shared, "nima", "lsnim -l spot_7300_02").stdout, re.MULTILINE)
    assert keys == [
        "class", "type", "plat_defined", "arch", "bos_license", "Rstate", "prev_state", "location", "version",
        "release", "mod", "oslevel_r", "alloc_count", "server", "if_supported", "Rstate_result",
    ]  # fmt: skip


def test_lpp_source_prints_simages_before_its_allocations(shared):
    keys = re.findall(r"^   (\w+) +=", ssh(shared, "nima", "lsnim -l lpp_7300_02").stdout, re.MULTILINE)
    assert keys == ["class", "type", "arch", "Rstate", "prev_state", "location", "simages", "alloc_count", "server"]


def test_master_repeats_serves_once_per_resource(shared):
    served = re.findall(r"serves +\S+ = (\S+)|serves +=\s(\S+)", ssh(shared, "nima", "lsnim -l master").stdout)
    assert [b or a for a, b in served][:3] == ["boot", "nim_script", "lpp_7300_02"]


def test_stanzas_follow_without_a_blank_line(shared):
    text = ssh(shared, "nima", "lsnim -l -t standalone").stdout
    assert text.count("\naix0") == 4
    assert "\n\n" not in text


def test_colon_form_of_one_attribute(shared):
    text = ssh(shared, "nima", "lsnim -Z -a current_master aix02").stdout
    assert text == "#name:current_master:\naix02:nima:\n"


def test_colon_form_leaves_an_unset_attribute_out(shared):
    text = ssh(shared, "nima", "lsnim -Z -a control -a connect aix02").stdout
    assert text == "#name:connect:\naix02:nimsh:\n"


def test_attribute_asked_for_without_its_number(shared):
    assert ssh(shared, "nima", "lsnim -Z -a mgmt_profile vios1").stdout == (
        "#name:mgmt_profile1:\nvios1:hmc1 1 cec1 vios1:\n"
    )


def test_one_attribute_of_all_objects_skips_those_without_it(shared):
    text = ssh(shared, "nima", "lsnim -a current_master").stdout
    assert "aix06:\n   current_master = nima\n" in text
    assert "nimb:" not in text


def test_next_free_number(shared):
    assert ssh(shared, "nima", "lsnim -A if master").stdout == "3\n"


def test_group_members(shared):
    assert "aix02" in ssh(shared, "nima", "lsnim -g prod_lpars").stdout


def test_predefined_classes(shared):
    assert ssh(shared, "nima", "lsnim -p").stdout.split() == [
        "machines", "resources", "networks", "management", "groups", "customers",
    ]  # fmt: skip


def test_unknown_object_is_0042_053_on_stderr(shared):
    result = ssh(shared, "nima", "lsnim nosuch")
    assert (result.status, result.stdout) == (53, "")
    assert result.stderr == '0042-053 lsnim: there is no NIM object named "nosuch"\n'


def test_on_a_client_lsnim_fails(shared):
    result = ssh(shared, "aix02", "lsnim")
    assert result.status != 0
    assert "0042-" in result.stderr


def test_allocated_resources_are_two_padded_columns(lab):
    assert ssh(lab, "nima", "lsnim -c resources aix03").stdout == ""
    ssh(lab, "nima", "nim -o allocate -a spot=spot_7300_02 -a lpp_source=lpp_7300_02 aix03")
    assert ssh(lab, "nima", "lsnim -c resources aix03").stdout == (
        "lpp_7300_02      lpp_source     \nspot_7300_02     spot           \n"
    )


@pytest.mark.parametrize(("value", "count"), [("stanza", 5), ("two_lines", 1)])
def test_bulk_colon_layout_is_a_switch(lab, value, count):
    lab.switch("lsnim_Z_bulk", value)
    text = ssh(lab, "nima", "lsnim -t standalone -l -Z").stdout
    assert text.count("#") == count
    assert text.count("name:") == 5


def test_values_may_hold_colons_equal_signs_and_line_breaks(lab):
    ssh(lab, "nima", "nim -Fo change -a comments='a=b: \"c\"' -a err_info='0042-001 x:\nsecond line' aix02")
    text = ssh(lab, "nima", "lsnim -l aix02").stdout
    assert '   comments       = a=b: "c"\n' in text
    assert "   err_info       = 0042-001 x:\nsecond line\n" in text


def test_switches_of_the_output(lab):
    lab.switch("lsnim_stanza_gap", "blank_line")
    lab.switch("lsnim_final_newline", "no")
    lab.switch("alternate_stanza", "with_current_master")
    text = ssh(lab, "nima", "lsnim -l nimb aix02").stdout
    assert not ssh(lab, "nima", "lsnim").stdout.endswith("\n")
    assert "current_master = nimb" in text
