"""A finished packet as FHIR R4 resources, and whether the chart gave back what we sent. Pure: values in, values out."""
